<?php

declare(strict_types=1);

namespace Tests;

use Background\Accepted;
use Background\Answer;
use Background\Background;
use Background\Curl;
use Background\Ended;
use Background\Failed;
use Background\Inbox;
use Background\Journal;
use Background\Notify;
use Background\Poll;
use Background\Succeeded;
use Background\Transport;
use Background\Uncertain;
use Erp\Api\CustomerInvoiceApi;
use Erp\Configuration;
use Erp\Model\CustomerInvoice;
use Erp\Model\CustomerInvoiceUpdate;
use Erp\Model\CustomerInvoiceUpdateLine;
use Erp\Model\DateValue;
use Erp\Model\LineOperation;
use Erp\Model\NumberValue;
use Erp\Model\StringValue;
use Erp\ObjectSerializer;
use Example\CreateInvoice;
use GuzzleHttp\Client;
use PHPUnit\Framework\TestCase;
use Psr\Http\Message\RequestInterface;

/** These run against erpmock, which stands in for the ERP: in ERPMOCK, or found like any program. */
final class ErpmockTest extends TestCase
{
    private static mixed $mock;
    private static string $root;

    public static function setUpBeforeClass(): void
    {
        $program = getenv('ERPMOCK') ?: 'erpmock';
        $options = ['--listen', '127.0.0.1:0', '--quiet', '--exec-time', '20ms'];
        self::$mock = @proc_open([$program, ...$options], [1 => ['pipe', 'w']], $pipes);
        // erpmock listens on http://127.0.0.1:40123
        if (!self::$mock || !preg_match('~http://\S+~', (string) fgets($pipes[1]), $found)) {
            self::fail("no $program: go install github.com/vismanet-go/background/mockserver/cmd/erpmock@latest");
        }
        self::$root = $found[0];
    }

    public static function tearDownAfterClass(): void
    {
        proc_terminate(self::$mock);
    }

    /** A client of a company of its own, so that tests do not disturb each other. */
    private static function company(string $id, Poll $poll = new Poll(0.01, 1.5, 0.1), ?Inbox $inbox = null): Background
    {
        $transport = new class ($id) implements Transport {
            private readonly Curl $curl;

            public function __construct(private readonly string $id)
            {
                $this->curl = new Curl();
            }

            public function send(RequestInterface $request, float $timeout): Answer
            {
                return $this->curl->send($request->withHeader('ipp-company-id', $this->id), $timeout);
            }
        };
        return new Background(self::$root, new Journal(':memory:'), null, $inbox, $poll, transport: $transport);
    }

    private static function control(string $method, string $path, mixed $body = null): mixed
    {
        $answer = (new Client())->request($method, self::$root . "/__mock/v1$path", $body ? ['json' => $body] : []);
        return json_decode((string) $answer->getBody());
    }

    private static function api(): CustomerInvoiceApi
    {
        return new CustomerInvoiceApi(config: (new Configuration())->setHost(self::$root));
    }

    private static function create(string $notify = Notify::NONE, float $price = 1): RequestInterface
    {
        $line = new CustomerInvoiceUpdateLine([
            'operation' => LineOperation::INSERT,
            'inventory_number' => new StringValue(['value' => 'SYK-01']),
            'quantity' => new NumberValue(['value' => 2]),
            'unit_price_in_currency' => new NumberValue(['value' => $price]),
        ]);
        return self::api()->createCustomerInvoiceRequest($notify, new CustomerInvoiceUpdate([
            'customer_number' => new StringValue(['value' => '10045']),
            'document_date' => new DateValue(['value' => '2026-09-01']),
            'invoice_lines' => [$line],
        ]));
    }

    private static function run1(Background $background, RequestInterface $request): Ended
    {
        $submitted = $background->submit('order-1', $request);
        self::assertInstanceOf(Accepted::class, $submitted);
        return $background->await($submitted->operation, 3600);
    }

    public function testTheExampleCreatesAnInvoiceOnce(): void
    {
        $journal = tempnam(sys_get_temp_dir(), 'journal');
        for ($i = 0; $i < 2; $i++) {
            $said = CreateInvoice::run(self::$root, $journal);
            self::assertMatchesRegularExpression('~^created http.*/v1/customerinvoice/003549$~', $said);
        }
        unlink($journal);
    }

    public function testAnInvoiceIsCreatedAndItsNumberTold(): void
    {
        $end = self::run1(self::company('1'), self::create());
        self::assertInstanceOf(Succeeded::class, $end);
        self::assertMatchesRegularExpression('~/\d+$~', $end->headers['location'][0]);
    }

    public function testAmountsKeepTheirDigitsAndFieldsThatAreNotSetAreNotSent(): void
    {
        self::run1(self::company('2'), self::create(price: 1234567890.12345));
        $sent = self::control('GET', '/journal?company=2&kind=request')->entries[0]->request->body;
        self::assertStringContainsString('"unitPriceInCurrency":{"value":1234567890.12345}', $sent);
        self::assertStringNotContainsString('null', $sent);

        $end = self::run1(self::company('2'), self::api()->listCustomerInvoicesRequest(Notify::NONE, page_size: 3));
        self::assertInstanceOf(Succeeded::class, $end);
        $amounts = array_column($end->content?->json(), 'amount');
        self::assertCount(3, array_filter($amounts, fn (mixed $amount): bool => is_string($amount)));

        $typed = ObjectSerializer::deserialize(json_decode($end->content->text()), CustomerInvoice::class . '[]');
        self::assertSame(array_map(floatval(...), $amounts), array_map(fn ($one) => $one->getAmount(), $typed));
    }

    public function testAnEndThatTheErpRefusedIsAFailureWithItsMessage(): void
    {
        $change = new CustomerInvoiceUpdate(['note' => new StringValue(['value' => 'x'])]);
        $request = self::api()->updateCustomerInvoiceRequest('nobody', Notify::NONE, $change);
        $end = self::run1(self::company('3'), $request);
        self::assertInstanceOf(Failed::class, $end);
        self::assertSame([404, true], [$end->statusCode, $end->message !== '']);
    }

    public function testALostAnswerIsUncertainAndNothingIsSentAgain(): void
    {
        $rule = ['on' => 'intake', 'company' => '4', 'do' => ['process' => true, 'drop' => true]];
        self::control('POST', '/faults', ['rules' => [$rule]]);
        $company = self::company('4');
        for ($i = 0; $i < 2; $i++) {
            self::assertInstanceOf(Uncertain::class, $company->submit('order-1', self::create()));
        }
        $once = ['request' => ['company' => '4', 'method' => 'POST'], 'times' => 1];
        self::control('POST', '/verify', ['expectations' => [$once]]);
    }

    public function testAWebhookWakesTheWaitAndAForgedOneIsNotTaken(): void
    {
        $path = tempnam(sys_get_temp_dir(), 'inbox');
        $probe = stream_socket_server('tcp://127.0.0.1:0');
        $address = stream_socket_get_name($probe, false);
        fclose($probe);
        $hook = ['php', '-q', '-S', $address, __DIR__ . '/../hook.php'];
        $quiet = ['file', '/dev/null', 'w'];
        $env = ['HOOK_INBOX' => $path, 'HOOK_KEYS' => 'former,whsec'] + getenv();
        $server = proc_open($hook, [1 => $quiet, 2 => $quiet], $pipes, null, $env);
        try {
            while (!($up = @stream_socket_client("tcp://$address"))) {
                self::assertTrue(proc_get_status($server)['running'], 'the web server runs');
                usleep(5000);
            }
            fclose($up);
            self::control('PUT', '/subscription?company=5', ['url' => "http://$address/", 'signingKey' => 'whsec']);
            $inbox = new Inbox($path);
            $company = self::company('5', new Poll(3600, 1, 3600), $inbox); // or the test hangs
            $notify = Notify::subscription([['order', '4711']]);
            self::assertInstanceOf(Succeeded::class, self::run1($company, self::create($notify)));
            $forged = ['http_errors' => false, 'body' => '{}', 'headers' => ['x-vwd-signature-v1' => 'x']];
            self::assertSame(401, (new Client())->post("http://$address/", $forged)->getStatusCode());
            self::assertCount(1, $inbox->ids());
        } finally {
            proc_terminate($server);
            unlink($path);
        }
    }
}
