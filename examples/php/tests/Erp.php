<?php

declare(strict_types=1);

namespace Tests;

use Background\Answer;
use Background\Background;
use Background\Ended;
use Background\Inbox;
use Background\Journal;
use Background\Operation;
use Background\Poll;
use Background\Submitted;
use Background\Token;
use Background\Transport;
use Example\VirtualClock;
use GuzzleHttp\Psr7\Request;
use GuzzleHttp\Psr7\Response;
use Psr\Http\Message\RequestInterface;

/** An ERP that gives set answers, one after the other, the last one for ever. */
final class Erp implements Transport
{
    public const ROOT = 'https://erp.test/api';
    public const ID = '2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10';

    public readonly VirtualClock $clock;
    public readonly Background $background;
    /** @var list<string> */
    public array $calls = [];
    /** @var list<float> */
    public array $times = [];
    /** @var list<string> */
    public array $authorizations = [];

    /** @param list<Answer|\Exception> $answers */
    public function __construct(
        private array $answers,
        ?Token $token = null,
        ?Inbox $inbox = null,
        string $journal = ':memory:',
        ?\Background\Clock $clock = null,
    ) {
        $this->clock = new VirtualClock(0);
        $this->background = new Background(
            self::ROOT,
            new Journal($journal),
            token: $token,
            inbox: $inbox,
            poll: new Poll(1, 2, 60),
            clock: $clock ?? $this->clock,
            transport: $this,
        );
    }

    /** @param array<string, string> $headers */
    public static function says(int $status, string $body = '', array $headers = [], bool $broken = false): Answer
    {
        return new Answer($status, new Response(200, $headers), $body, $broken);
    }

    /** @param array<string, mixed> $members */
    public static function state(array $members): Answer
    {
        return self::says(200, json_encode(['id' => self::ID] + $members));
    }

    public static function accepted(): Answer
    {
        return self::says(202, json_encode(['id' => self::ID]));
    }

    public static function withContent(): Answer
    {
        return self::state(['status' => 'Finished', 'statusCode' => 200, 'hasResponseContent' => true]);
    }

    public function send(RequestInterface $request, float $timeout): Answer
    {
        $this->calls[] = "{$request->getMethod()} {$request->getUri()}";
        $this->times[] = $this->clock->now();
        $this->authorizations[] = $request->getHeaderLine('Authorization');
        $answer = count($this->answers) > 1 ? array_shift($this->answers) : $this->answers[0];
        return $answer instanceof Answer ? $answer : throw $answer;
    }

    public function submit(string $key = 'order-1'): Submitted
    {
        $request = new Request('POST', self::ROOT . '/v2/customerinvoice', ['erp-api-background' => 'none'], '{}');
        return $this->background->submit($key, $request);
    }

    public function await(float $seconds = 2 * 86400, bool $action = false): Ended
    {
        return $this->background->await(new Operation(self::ID, 0, $action), $seconds);
    }
}
