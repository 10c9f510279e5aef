<?php

declare(strict_types=1);

namespace Background;

/** What a notification tells. The id is a hint: read the state of the operation before you believe anything. */
final readonly class Notification
{
    private function __construct(
        public ?string $id,
        /** 0 if it tells none. */
        public int $statusCode,
    ) {
    }

    /**
     * Which of the keys has signed a body, -1 for none. Verify the bytes that came, before anything is read of them.
     *
     * @param list<string> $keys
     */
    public static function signedBy(array $keys, string $body, string $signature): int
    {
        foreach ($keys as $i => $key) {
            $own = base64_encode(hash_hmac('sha256', $body, $key, true));
            if ($key !== '' && hash_equals($own, trim($signature))) {
                return $i;
            }
        }
        return -1;
    }

    public static function of(string $body): self
    {
        $outer = Read::fields($body) ?? [];
        $told = self::told($outer);
        $located = isset($outer['statelocation']) || isset($outer['contentlocation']);
        if ($told->id !== null && ($told->statusCode > 0 || $located)) {
            return $told;
        }
        foreach (['data', 'payload', 'body'] as $name) { // an envelope
            $inner = self::told(Read::lowered($outer[$name] ?? null) ?? []);
            if ($inner->id !== null) {
                return new self($inner->id, $inner->statusCode ?: $told->statusCode);
            }
        }
        return $told;
    }

    /** @param array<string, mixed> $known */
    private static function told(array $known): self
    {
        $id = null;
        foreach (['id', 'jobid', 'referenceid', 'reference'] as $name) {
            $id ??= Read::guid($known[$name] ?? null);
        }
        foreach (['statelocation', 'contentlocation'] as $name) {
            $id ??= Read::guid(Read::idIn($known[$name] ?? null));
        }
        return new self($id, Read::statusCode($known['statuscode'] ?? null, 100));
    }
}
