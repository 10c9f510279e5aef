<?php

declare(strict_types=1);

namespace Tests;

use Background\Answer;
use Background\ErrorText;
use Background\Judgement;
use Background\Notification;
use Background\Notify;
use Background\Read;
use Background\State;
use GuzzleHttp\Psr7\Response;
use PHPUnit\Framework\TestCase;

/** openapi/vectors holds what comes over the wire, and what is to be made of it, for all languages alike. */
final class VectorsTest extends TestCase
{
    /** @return iterable<string, array{\stdClass}> */
    private static function vectors(string $file): iterable
    {
        $json = file_get_contents(__DIR__ . "/../../../openapi/vectors/$file.json");
        $vectors = json_decode($json, flags: JSON_THROW_ON_ERROR);
        self::assertSame(1, $vectors->version);
        self::assertGreaterThan(9, count($vectors->cases));
        foreach ($vectors->cases as $case) {
            yield "$case->name: $case->why" => [$case];
        }
    }

    public static function times(): iterable
    {
        return self::vectors('times');
    }

    public static function states(): iterable
    {
        return self::vectors('states');
    }

    public static function answers(): iterable
    {
        return self::vectors('answers');
    }

    public static function errors(): iterable
    {
        return self::vectors('errors');
    }

    public static function retryAfter(): iterable
    {
        return self::vectors('retry-after');
    }

    public static function signatures(): iterable
    {
        return self::vectors('signatures');
    }

    public static function notifications(): iterable
    {
        return self::vectors('notifications');
    }

    public static function headers(): iterable
    {
        return self::vectors('header-build');
    }

    private static function body(\stdClass $given, string $name = 'body'): string
    {
        return isset($given->{"{$name}Base64"}) ? base64_decode($given->{"{$name}Base64"}) : $given->$name ?? '';
    }

    /** PHP's times have six digits of a fraction. */
    private static function time(?string $time): ?string
    {
        return $time === null ? null : self::written(Read::time($time));
    }

    private static function written(?\DateTimeImmutable $time): ?string
    {
        return $time?->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d\\TH:i:s.u\\Z');
    }

    /** @dataProvider times */
    public function testTimes(\stdClass $case): void
    {
        $want = $case->want->time ?? null;
        $cut = $want === null ? null : (new \DateTimeImmutable(substr(rtrim($want, 'Z'), 0, 26) . 'Z'));
        self::assertSame(self::written($cut), self::written(Read::time($case->input)));
    }

    /** @dataProvider states */
    public function testStates(\stdClass $case): void
    {
        $want = $case->want;
        $got = State::parse(Read::text(self::body($case, 'input')));
        if ($want->verdict === 'unreadable') {
            self::assertNull($got);
            return;
        }
        self::assertNotNull($got);
        self::assertSame(
            [
                $want->verdict, $want->id, $want->status, $want->statusCode, $want->hasContent,
                $want->errorMessage ?? '', self::time($want->receivedUtc), self::time($want->startedUtc),
                self::time($want->finishedUtc),
            ],
            [
                $got->verdict->value, $got->id, $got->status, $got->statusCode, $got->hasContent, $got->errorMessage,
                self::written($got->received), self::written($got->started), self::written($got->finished),
            ],
        );
        if (isset($want->headers)) {
            self::assertEquals((array) $want->headers, $got->headers);
        }
    }

    /** @dataProvider answers */
    public function testAnswers(\stdClass $case): void
    {
        $given = $case->input;
        $headers = new Response(200, (array) ($given->headers ?? []));
        $got = Judgement::of(new Answer($given->status, $headers, self::body($given)));
        self::assertSame([$case->want->outcome, $case->want->id ?? ''], [$got->outcome, $got->id]);
    }

    /** @dataProvider errors */
    public function testErrors(\stdClass $case): void
    {
        $got = ErrorText::of(Read::text(self::body($case, 'input')));
        self::assertSame([$case->want->message, $case->want->faultCode ?? ''], [$got->message, $got->faultCode]);
    }

    /** @dataProvider retryAfter */
    public function testRetryAfter(\stdClass $case): void
    {
        $named = ['Retry-After' => $case->input->retryAfter ?? null, 'Date' => $case->input->date ?? null];
        $headers = new Response(429, array_filter($named, fn ($value) => $value !== null));
        $now = (float) (new \DateTimeImmutable($case->input->now))->format('U.u');
        $got = Read::retryAfter(new Answer(429, $headers, ''), $now);
        self::assertEquals($case->want->seconds, $got);
        self::assertSame($case->want->seconds === null, $got === null);
    }

    /** @dataProvider signatures */
    public function testSignatures(\stdClass $case): void
    {
        $given = $case->input;
        $got = Notification::signedBy($given->keys, self::body($given), $given->signature ?? '');
        self::assertSame($case->want->valid ? $case->want->key : -1, $got);
    }

    /** @dataProvider notifications */
    public function testNotifications(\stdClass $case): void
    {
        $got = Notification::of(Read::text(self::body($case, 'input')));
        self::assertSame($case->want->id, $got->id);
        if ($got->id !== null) {
            self::assertSame($case->want->statusCode, $got->statusCode);
        }
    }

    /** @dataProvider headers */
    public function testHeaderBuild(\stdClass $case): void
    {
        if ($case->want->refused ?? false) {
            $this->expectException(\InvalidArgumentException::class);
            $this->expectExceptionMessage('want');
        }
        $given = $case->input;
        $got = match ($given->mode) {
            'url' => Notify::url($given->url),
            'subscription' => Notify::subscription($given->pairs ?? []),
            default => Notify::NONE,
        };
        self::assertSame($case->want->header ?? null, $got);
    }
}
