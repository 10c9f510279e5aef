<?php

declare(strict_types=1);

namespace Background;

/** What a state document says. */
final readonly class State
{
    /** @param array<string, list<string>> $headers of the call's answer, their names in lower case */
    private function __construct(
        public Verdict $verdict,
        public ?string $id,
        public string $status,
        /** That of the call itself; 0 until there is one. */
        public int $statusCode,
        public bool $hasContent,
        public string $errorMessage,
        public array $headers,
        public ?\DateTimeImmutable $received,
        public ?\DateTimeImmutable $started,
        public ?\DateTimeImmutable $finished,
    ) {
    }

    /** Reads a state document; null for anything that is none, after which one asks again. */
    public static function parse(string $json): ?self
    {
        $known = Read::fields($json);
        if ($known === null) {
            return null;
        }
        $status = Read::scalar($known['status'] ?? null);
        $word = strtolower($status);
        $code = Read::statusCode($known['statuscode'] ?? null, 200);
        $finished = Read::time($known['finishedutc'] ?? null);
        $over = $finished && $code > 0;
        if ($status === '' && !$over) {
            return null;
        }
        $told = strtolower(Read::scalar($known['hasresponsecontent'] ?? null));
        $ended = in_array($word, ['finished', 'failed'], true);
        return new self(
            // Only Finished with a 2xx is success.
            match (true) {
                $word === 'failed' => Verdict::Failed,
                $word === 'finished' && $code > 0 => $code < 300 ? Verdict::Succeeded : Verdict::Failed,
                $word === 'finished' || $over => Verdict::Unclear,
                default => Verdict::Pending,
            },
            Read::identifier($known['id'] ?? null) ?? Read::identifier($known['jobid'] ?? null),
            $status,
            $code,
            $told === '' ? $ended && Read::scalar($known['contentlocation'] ?? null) !== '' : $told === 'true',
            Read::scalar($known['errormessage'] ?? null),
            self::headers($known['responseheaders'] ?? null),
            Read::time($known['receivedutc'] ?? null),
            Read::time($known['startedutc'] ?? null),
            $finished,
        );
    }

    /** @return array<string, list<string>> */
    private static function headers(mixed $value): array
    {
        $texts = fn (mixed $one): array => array_values(array_filter(
            array_map(Read::scalar(...), is_array($one) ? $one : [$one]),
            fn (string $text): bool => $text !== '',
        ));
        return array_filter(array_map($texts, Read::lowered($value) ?? []));
    }
}
