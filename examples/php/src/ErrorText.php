<?php

declare(strict_types=1);

namespace Background;

/** What an error body says to people. */
final readonly class ErrorText
{
    private const TOLD = [
        'message', 'value', 'text', 'title', 'error', 'error_description', 'exceptionmessage', 'messagedetail',
        'detail', 'errormessage', 'errorinfo', 'modelstate', 'errors', 'innerexception',
    ];

    private function __construct(
        /** One line; empty if it says nothing. */
        public string $message,
        /** The old gateway's code of the fault; empty if there is none. */
        public string $faultCode = '',
    ) {
    }

    public static function of(string $body): self
    {
        $known = Read::fields($body);
        if ($known === null) {
            return new self(self::cut(self::line($body), 300));
        }
        $sentences = [];
        foreach (self::TOLD as $name) {
            array_push($sentences, ...self::sentences($known[$name] ?? null, 1));
        }
        $fault = Read::scalar($known['exceptionfaultcode'] ?? null);
        return new self(
            implode('; ', array_unique($sentences)),
            $fault !== '' ? $fault : Read::scalar($known['faultcode'] ?? null),
        );
    }

    /** @return list<string> */
    private static function sentences(mixed $value, int $depth): array
    {
        if ($depth > 6) {
            return [];
        }
        if (is_string($value)) {
            $line = self::line($value);
            return $line === '' ? [] : [self::cut($line, 2000)];
        }
        $known = Read::lowered($value);
        if ($known !== null && array_intersect_key($known, array_flip(self::TOLD))) {
            $known = array_map(fn (string $name): mixed => $known[$name] ?? null, self::TOLD);
        }
        $sentences = [];
        foreach ($known ?? (is_array($value) ? $value : []) as $one) {
            array_push($sentences, ...self::sentences($one, $depth + 1));
        }
        return $sentences;
    }

    private static function line(string $value): string
    {
        return trim((string) preg_replace('/\s+/u', ' ', $value));
    }

    private static function cut(string $value, int $most): string
    {
        return mb_strlen($value) > $most ? mb_substr($value, 0, $most) . '…' : $value;
    }
}
