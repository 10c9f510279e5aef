<?php

// Lets `erpmock conformance` hold this client and this receiver to the rules. docs/conformance.md says what is read and
// written here. It is no part of what you would copy, but for how it puts the parts together. The receiver is this
// script too, run by the web server that it starts.

declare(strict_types=1);

use Background\Accepted;
use Background\Background;
use Background\Curl;
use Background\Ended;
use Background\Expired;
use Background\Failed;
use Background\Hook;
use Background\Inbox;
use Background\Journal;
use Background\NotEnded;
use Background\Notify;
use Background\Poll;
use Background\RealClock;
use Background\Refused;
use Background\Submitted;
use Background\Succeeded;
use Background\Token;
use Background\Tokens;
use Background\Unreadable;
use Example\TimedTransport;
use Example\VirtualClock;
use GuzzleHttp\Psr7\Request;

require __DIR__ . '/autoload.php';

const CAN = ['url', 'subscription', 'keys', 'resume', 'credentials', 'actions', 'clock', 'storeFault'];

function env(string $name): string
{
    return getenv("BACKGROUND_$name") ?: '';
}

/** Where what has to outlive the process is kept; without a directory only our first line is wanted. */
function database(string $name): string
{
    return env('DIR') === '' ? ':memory:' : env('DIR') . "/$name";
}

function store_fails(): string
{
    return env('DIR') . '/store-fails';
}

/** The receiver, for a request. */
function serve(): void
{
    $store = function (string $id, string $body): void {
        if (file_exists(store_fails())) {
            throw new RuntimeException('the store does not work');
        }
        (new Inbox(database('inbox')))->store($id, $body);
    };
    $keys = array_values(array_filter(explode(',', env('SIGNING_KEYS'))));
    switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
        case '/hook':
            (new Hook($store, $keys))->serve();
            break;
        case '/hook/' . env('SECRET'):
            (new Hook($store))->serve();
            break;
        default:
            http_response_code(404);
    }
}

/** @param array<string, mixed> $line */
function write(array $line): void
{
    fwrite(STDOUT, json_encode($line, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
}

/** Receives notifications, and says in the first line where. */
function listen(): void
{
    $address = '127.0.0.1:' . env('WEBHOOK_PORT');
    // exec: so that it is the server that ends with us, and no shell in between
    $server = proc_open(['php', '-q', '-S', $address, __FILE__], [STDIN, STDERR, STDERR], $pipes);
    register_shutdown_function(fn () => proc_terminate($server));
    while (!($up = @stream_socket_client("tcp://$address"))) {
        if (!proc_get_status($server)['running']) {
            throw new RuntimeException("php -S $address did not start");
        }
        usleep(5000);
    }
    fclose($up);
    write([
        'protocol' => 1,
        'name' => 'php',
        'roles' => ['client', 'receiver'],
        'can' => CAN,
        'webhook' => "http://$address/hook",
    ]);
}

/** @param callable(array<string, mixed>): array<string, mixed> $answer */
function play(callable $answer): void
{
    while ($line = fgets(STDIN)) {
        $step = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
        try {
            $said = $answer($step);
        } catch (Exception $e) {
            $said = ['error' => get_class($e) . ": {$e->getMessage()}"];
        }
        write(['step' => $step['step']] + $said);
    }
}

/** @return callable(array<string, mixed>): array<string, mixed> */
function receiver(): callable
{
    $inbox = new Inbox(database('inbox'));
    return function (array $step) use ($inbox): array {
        if ($step['do'] === 'list') {
            return ['notifications' => array_map(fn (string $id): array => ['id' => $id], $inbox->ids())];
        }
        $step['works'] ? unlink(store_fails()) : touch(store_fails());
        return [];
    };
}

/** @return callable(array<string, mixed>): array<string, mixed> */
function client(): callable
{
    $virtual = env('CLOCK') === 'virtual' ? new VirtualClock((int) env('CLOCK_START') / 1000) : null;
    $first = (int) env('POLL_MS') / 1000;
    $journal = new Journal(database('journal'));
    $client = new Background(
        env('URL'),
        $journal,
        token: token(),
        inbox: new Inbox(database('inbox')),
        poll: new Poll($first, 1.5, 4 * $first),
        timeout: (int) env('CALL_TIMEOUT_MS') / 1000,
        clock: $virtual ?? new RealClock(),
        transport: $virtual ? new TimedTransport(new Curl(), $virtual) : new Curl(),
    );
    $notify = [
        'none' => Notify::NONE,
        'url' => Notify::url('http://127.0.0.1:' . env('WEBHOOK_PORT') . '/hook/' . env('SECRET')),
        'subscription' => Notify::subscription(),
    ];
    return function (array $step) use ($client, $journal, $notify): array {
        if ($step['do'] === 'submit') {
            $headers = ['erp-api-background' => $notify[$step['notify']]];
            if (isset($step['contentType'])) {
                $headers['Content-Type'] = $step['contentType'];
            }
            $request = new Request($step['method'], env('URL') . $step['path'], $headers, $step['body'] ?? null);
            return told($client->submit($step['key'], $request));
        }
        $known = $journal->get($step['key']);
        if (!$known instanceof Accepted) {
            return told($known);
        }
        try {
            return told($client->await($known->operation, $step['timeoutMs'] / 1000));
        } catch (NotEnded) {
            return ['outcome' => 'pending'];
        }
    };
}

function token(): Token
{
    if (env('TOKEN_URL') !== '') {
        return new Tokens(env('TOKEN_URL'), env('CLIENT_ID'), env('CLIENT_SECRET'), env('TENANT_ID'), env('SCOPE'));
    }
    return new class implements Token {
        public function get(bool $renew): string
        {
            return env('TOKEN');
        }
    };
}

/**
 * An outcome in the words of the protocol.
 *
 * @return array<string, mixed>
 */
function told(Submitted|Ended|null $end): array
{
    if ($end instanceof Accepted) {
        return ['outcome' => 'pending', 'id' => $end->operation->id];
    }
    if ($end instanceof Succeeded || $end instanceof Failed) {
        $said = ['outcome' => $end instanceof Succeeded ? 'succeeded' : 'failed', 'statusCode' => $end->statusCode];
        if ($end->content) {
            $said['contentType'] = $end->content->type;
            $said += stripos($end->content->type, 'json') !== false
                ? ['body' => $end->content->text()]
                : ['bodyBase64' => base64_encode($end->content->body)];
        }
        return $said;
    }
    return match (true) {
        $end === null => throw new RuntimeException('nothing was submitted with this key'),
        $end instanceof Refused => ['outcome' => 'refused']
            + ($end->statusCode ? ['statusCode' => $end->statusCode] : []),
        $end instanceof Expired => ['outcome' => 'expired'],
        $end instanceof Unreadable => ['outcome' => 'pending'],
        default => ['outcome' => 'uncertain'],
    } + ['message' => $end->message];
}

if (PHP_SAPI === 'cli-server') {
    serve();
} else {
    $player = env('ROLE') === 'receiver' ? receiver() : client();
    listen();
    play($player);
}
