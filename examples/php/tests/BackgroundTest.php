<?php

declare(strict_types=1);

namespace Tests;

use Background\Accepted;
use Background\Clock;
use Background\Content;
use Background\Expired;
use Background\Failed;
use Background\Inbox;
use Background\Journal;
use Background\NoAnswer;
use Background\NotEnded;
use Background\NotSent;
use Background\Operation;
use Background\Refused;
use Background\Succeeded;
use Background\Token;
use Background\Uncertain;
use Background\Unclear;
use Background\Unreadable;
use GuzzleHttp\Psr7\Request;
use PHPUnit\Framework\TestCase;

/** The rules of submit and await, on a clock that moves only by waits. */
final class BackgroundTest extends TestCase
{
    public static function answers(): iterable
    {
        $cutOff = '{"id":"' . Erp::ID . '","sta';
        yield 'no answer' => [new NoAnswer('reset'), Uncertain::class];
        yield 'no connection' => [new NotSent('no'), Refused::class];
        yield 'a 202 that broke off behind its id' => [Erp::says(202, $cutOff, broken: true), Accepted::class];
        yield 'a 200 that broke off' => [Erp::says(200, $cutOff, broken: true), Uncertain::class];
        yield 'an answer at once' => [Erp::says(201, '{"number":1}'), Succeeded::class];
        yield 'a status without a name' => [Erp::says(299), Succeeded::class];
        yield 'a redirect' => [Erp::says(307, '', ['Location' => 'https://elsewhere.test/']), Refused::class];
        yield 'a page of a proxy' => [Erp::says(200, '<html>'), Uncertain::class];
        yield '503' => [Erp::says(503, '', ['Retry-After' => '5']), Uncertain::class];
        yield '400' => [Erp::says(400, '{"message":"no"}'), Refused::class];
    }

    /** @dataProvider answers */
    public function testWhatAnAnswerMeansAndThatNoneOfTheseIsSentTwice(mixed $answer, string $want): void
    {
        $erp = new Erp([$answer]);
        self::assertInstanceOf($want, $erp->submit());
        self::assertSame(['POST ' . Erp::ROOT . '/v2/customerinvoice'], $erp->calls);
        self::assertSame(0.0, $erp->clock->now());
    }

    public function testA429WasNotTakenSoItIsWaitedOutAndSentAgain(): void
    {
        $erp = new Erp([Erp::says(429, '', ['Retry-After' => '120']), Erp::says(429), Erp::accepted()]);
        self::assertInstanceOf(Accepted::class, $erp->submit());
        self::assertSame([0.0, 120.0, 180.0], $erp->times);
    }

    public function testA401WasNotTakenSoItIsSentOnceMoreWithANewToken(): void
    {
        $token = new class implements Token {
            public function get(bool $renew): string
            {
                return $renew ? 'new' : 'old';
            }
        };
        $erp = new Erp([Erp::says(401)], $token);
        self::assertEquals(new Refused('', 401), $erp->submit());
        self::assertSame(['Bearer old', 'Bearer new'], $erp->authorizations);
    }

    public function testATokenThatIsNotToBeHadMeansThatNothingWasSent(): void
    {
        $token = new class implements Token {
            public function get(bool $renew): string
            {
                throw new \RuntimeException('wrong secret');
            }
        };
        $erp = new Erp([Erp::accepted()], $token);
        self::assertEquals(new Refused('no access token: wrong secret'), $erp->submit());
        self::assertSame([], $erp->calls);
    }

    public function testARequestToElsewhereIsNotSent(): void
    {
        $erp = new Erp([Erp::accepted()]);
        foreach (['https://erp.test.evil/api/v2/x', 'https://erp.test/apis'] as $url) {
            $request = new Request('POST', $url, ['erp-api-background' => 'none']);
            self::assertInstanceOf(Refused::class, $erp->background->submit($url, $request));
        }
        self::assertSame([], $erp->calls);
    }

    public function testAKeyIsSentOnceAndAgainOnlyAfterItWasRefused(): void
    {
        $erp = new Erp([Erp::says(400), Erp::accepted()]);
        self::assertInstanceOf(Refused::class, $erp->submit());
        for ($i = 0; $i < 3; $i++) {
            self::assertInstanceOf(Accepted::class, $erp->submit());
        }
        self::assertCount(2, $erp->calls);
    }

    public function testWhatIsBeingSentOrWasWhenItsProcessEndedIsUncertain(): void
    {
        $path = tempnam(sys_get_temp_dir(), 'journal');
        $crash = new Erp([new \LogicException('the process ends here')], journal: $path);
        try {
            $crash->submit();
            self::fail('want the end of the process');
        } catch (\LogicException) {
            $erp = new Erp([Erp::accepted()], journal: $path);
            self::assertInstanceOf(Uncertain::class, $erp->submit());
            self::assertSame([], $erp->calls);
        } finally {
            unlink($path);
        }
    }

    public function testAJournalKeepsEachOutcome(): void
    {
        $path = tempnam(sys_get_temp_dir(), 'journal');
        $all = [
            new Accepted(new Operation(Erp::ID, 12.5, true, 20)),
            new Succeeded(201, ['location' => ['/1']], new Content('application/octet-stream', "\0\xFF")),
            new Failed(400, message: 'no'),
            new Refused('no', 403),
            new Uncertain('?'),
        ];
        try {
            foreach ($all as $i => $one) {
                $journal = new Journal($path);
                self::assertNull($journal->begin("key $i"));
                $journal->put("key $i", $one);
                self::assertEquals($one, (new Journal($path))->get("key $i"));
            }
        } finally {
            unlink($path);
        }
    }

    public function testPollsSlowDownPausesAreKeptAndNoAnswerEndsTheWait(): void
    {
        $erp = new Erp([
            Erp::says(500),
            Erp::says(503, '', ['Retry-After' => '30']),
            Erp::says(429, '', ['X-RateLimit-Reset' => '60']),
            new NoAnswer('reset'),
            Erp::says(200, '<html>'),
            Erp::says(200, '[]'),
            Erp::says(200, '{"id":"' . strtr(Erp::ID, '2', '3') . '","status":"Finished","statusCode":200}'),
            Erp::says(404),
            Erp::says(302, '', ['Location' => 'https://elsewhere.test/']),
            Erp::says(200, '{"id":"' . Erp::ID . '","status":"Started"}', ['Retry-After' => '100']),
            Erp::state(['status' => 'Finished', 'statusCode' => 204]),
        ]);
        self::assertEquals(new Succeeded(204), $erp->await());
        self::assertSame(['GET ' . Erp::ROOT . '/v1/background/' . Erp::ID], array_unique($erp->calls));
        $before = [0, ...array_slice($erp->times, 0, -1)];
        $pauses = array_map(fn (float $at, float $last): float => $at - $last, $erp->times, $before);
        self::assertEquals([1, 2, 30, 60, 16, 32, 60, 60, 60, 60, 100], $pauses);
    }

    public static function ends(): iterable
    {
        $told = ['finishedUtc' => '2026-09-01T08:00:00'];
        return [
            [['status' => 'Finished', 'statusCode' => 200], Succeeded::class],
            [['status' => 'finished', 'statusCode' => '201'], Succeeded::class],
            [['status' => 'Finished', 'statusCode' => 400, 'errorMessage' => null], Failed::class],
            [['status' => 'Finished', 'statusCode' => 302], Failed::class],
            [['status' => 'Failed', 'statusCode' => 200, 'errorMessage' => 'no worker'], Failed::class],
            [['status' => 'Completed', 'statusCode' => 200] + $told, Unclear::class],
            [['status' => 'Finished'] + $told, Unclear::class],
        ];
    }

    /** @dataProvider ends */
    public function testOnlyFinishedWithA2xxIsSuccess(array $members, string $want): void
    {
        $erp = new Erp([Erp::state($members)]);
        self::assertInstanceOf($want, $erp->await());
        self::assertSame($want === Unclear::class, $erp->clock->now() > 600);
    }

    public function testTheBodyOfAnActionTellsWhetherItSucceeded(): void
    {
        $body = '{"actionResult":"Failed","errorInfo":"It is on hold."}';
        $end = (new Erp([Erp::withContent(), Erp::says(200, $body)]))->await(action: true);
        self::assertEquals(new Failed(200, content: new Content('', $body), message: 'It is on hold.'), $end);
    }

    public function testWhatIsMissingHasExpiredOnceItsDayIsOverAndNotBefore(): void
    {
        $erp = new Erp([Erp::says(404)]);
        self::assertInstanceOf(Expired::class, $erp->await());
        self::assertSame(24, intdiv((int) $erp->clock->now(), 3600));
    }

    public function testAnErpThatKeepsRefusingToTellIsToldOf(): void
    {
        $erp = new Erp([Erp::says(403, '{"message":"not yours"}')]);
        self::assertEquals(new Unreadable(403, 'not yours'), $erp->await());
        self::assertSame(10, intdiv((int) $erp->clock->now(), 60));
    }

    public function testContentIsReadUntilItIsWholeAndItsNumbersKeepTheirDigits(): void
    {
        $json = ['Content-Type' => 'application/json'];
        $erp = new Erp([
            Erp::withContent(),
            Erp::says(503),
            Erp::says(204),
            Erp::says(200, '[{"amount": 12', $json),
            Erp::says(200, '<html>Sign in</html>', ['Content-Type' => 'text/html']),
            Erp::says(200, "\xEF\xBB\xBF" . '[{"amount":12345678901234567890.10,"text":"1, \"2\" ","x":null}]', $json),
        ]);
        $end = $erp->await();
        self::assertInstanceOf(Succeeded::class, $end);
        self::assertSame(
            [['amount' => '12345678901234567890.10', 'text' => '1, "2" ', 'x' => null]],
            $end->content?->json(),
        );
    }

    public static function gone(): iterable
    {
        yield [404, 'its content could not be read, although its state tells of some'];
        yield [410, 'its content is gone'];
    }

    /** @dataProvider gone */
    public function testContentThatIsGoneIsToldOf(int $status, string $note): void
    {
        $erp = new Erp([Erp::withContent(), Erp::says($status)]);
        self::assertEquals(new Succeeded(200, message: $note), $erp->await());
    }

    public function testAWaitThatRanOutOfTimeCanBeginAgain(): void
    {
        $started = Erp::state(['status' => 'Started', 'statusCode' => 0]);
        $erp = new Erp([$started, $started, Erp::state(['status' => 'Finished', 'statusCode' => 200])]);
        try {
            $erp->await(4);
            self::fail('want an end of the wait');
        } catch (NotEnded) {
            self::assertSame(4.0, $erp->clock->now());
        }
        self::assertInstanceOf(Succeeded::class, $erp->await());
    }

    public function testAPauseThatTheErpAskedForIsBoundByTheDeadline(): void
    {
        $erp = new Erp([Erp::says(503, '', ['Retry-After' => '3600']), Erp::accepted()]);
        $this->expectException(NotEnded::class);
        try {
            $erp->await(60);
        } finally {
            self::assertSame(60.0, $erp->clock->now());
        }
    }

    public function testANotificationWakesAWaitAlsoOneThatBeginsAfterItAndProvesNothing(): void
    {
        $inbox = new Inbox(':memory:');
        $inbox->store(Erp::ID, '{}'); // before the 202 was read
        // Sleeps for ever unless woken, and is woken early by a notification in each sleep.
        $clock = new class ($inbox) implements Clock {
            public int $sleeps = 0;

            public function __construct(private readonly Inbox $inbox)
            {
            }

            public function now(): float
            {
                return 0;
            }

            public function sleep(float $seconds, callable $woken): void
            {
                if ($woken()) {
                    return;
                }
                $this->sleeps++;
                $this->inbox->store('another', '{}');
                TestCase::assertFalse($woken(), 'the notification of another operation wakes nobody');
                $this->inbox->store(Erp::ID, '{}');
                TestCase::assertTrue($woken(), 'a notification wakes');
            }
        };
        $started = Erp::state(['status' => 'Started', 'statusCode' => 0]);
        $finished = Erp::state(['status' => 'Finished', 'statusCode' => 200]);
        $erp = new Erp([$started, $started, $finished], inbox: $inbox, clock: $clock);
        self::assertInstanceOf(Succeeded::class, $erp->await());
        self::assertSame([3, 2], [count($erp->calls), $clock->sleeps]);
    }

    public function testAnInboxKeepsEachOperationOnce(): void
    {
        $inbox = new Inbox(':memory:');
        foreach ([[Erp::ID, '{}'], [Erp::ID, '{"again":1}'], ['', 'nobody knows'], ['', 'nobody knows']] as $one) {
            $inbox->store(...$one);
        }
        self::assertSame([Erp::ID, ''], $inbox->ids());
        self::assertSame(2, $inbox->count(Erp::ID));
    }

    public function testARequestWithoutTheHeaderIsAMistakeAndNotSent(): void
    {
        $erp = new Erp([Erp::accepted()]);
        $this->expectExceptionMessage('erp-api-background');
        try {
            $erp->background->submit('order-1', new Request('POST', Erp::ROOT . '/v1/x'));
        } finally {
            self::assertSame([], $erp->calls);
        }
    }
}
