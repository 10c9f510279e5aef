<?php

declare(strict_types=1);

namespace Background;

/**
 * Reads what the ERP and its gateways write, in every form in which it is known to come. Nothing here throws: what
 * cannot be read is null, and the caller asks again or tells that it does not know.
 */
final class Read
{
    private const MARKS = ["\xEF\xBB\xBF" => 'UTF-8', "\xFF\xFE" => 'UTF-16LE', "\xFE\xFF" => 'UTF-16BE'];

    /** The body as text: a mark goes, a declared charset counts, and what is no UTF-8 is windows-1252. */
    public static function text(string $body, string $contentType = ''): string
    {
        $charset = preg_match('/charset="?([\w-]+)/i', $contentType, $declared) ? strtoupper($declared[1]) : 'UTF-8';
        if ($charset === 'UTF-16' || $charset === 'UTF16') {
            $charset = 'UTF-16BE';
        }
        if (strlen($body) > 1 && ($body[0] === "\0") !== ($body[1] === "\0")) { // JSON begins with ASCII
            $charset = $body[0] === "\0" ? 'UTF-16BE' : 'UTF-16LE';
        }
        foreach (self::MARKS as $mark => $marked) {
            if (str_starts_with($body, $mark)) {
                $body = substr($body, strlen($mark));
                $charset = $marked;
                break;
            }
        }
        foreach (str_starts_with($charset, 'UTF-16') ? [$charset] : ['UTF-8', $charset] as $name) {
            try {
                if (mb_check_encoding($body, $name)) {
                    return mb_convert_encoding($body, 'UTF-8', $name);
                }
            } catch (\ValueError) {
                continue; // nobody knows that charset
            }
        }
        return mb_convert_encoding($body, 'UTF-8', 'Windows-1252');
    }

    /**
     * The object in a JSON text, its names in lower case: the ERP has been seen with "id" and with "Id". Null also for
     * a list, a page of HTML, and JSON that ends in the middle.
     *
     * @return array<string, mixed>|null
     */
    public static function fields(string $json): ?array
    {
        return self::lowered(json_decode($json, flags: JSON_BIGINT_AS_STRING));
    }

    /** @return array<string, mixed>|null */
    public static function lowered(mixed $value): ?array
    {
        return $value instanceof \stdClass ? array_change_key_case((array) $value) : null;
    }

    /** A text, number or boolean as text; of anything else nothing. */
    public static function scalar(mixed $value): string
    {
        return match (true) {
            is_bool($value) => $value ? 'true' : 'false',
            is_scalar($value) => trim((string) $value),
            default => '',
        };
    }

    /** An id in the form in which paths have it: a GUID in any of its forms, else letters and digits. */
    public static function identifier(mixed $value): ?string
    {
        $plain = self::scalar($value);
        if (!preg_match('/^([\w-]{1,128}|\{[\w-]+\})$/D', $plain) || trim($plain, '0{}-') === '') {
            return null;
        }
        return self::guid($plain) ?? ($plain[0] === '{' ? null : $plain);
    }

    /** A GUID in lower case with dashes. */
    public static function guid(mixed $value): ?string
    {
        $x = '[0-9a-f]';
        $form = "/^\\{?($x{8})-?($x{4})-?($x{4})-?($x{4})-?($x{12})\\}?$/D";
        if (!preg_match($form, strtolower(self::scalar($value)), $parts)) {
            return null;
        }
        $guid = implode('-', array_slice($parts, 1));
        return trim($guid, '0-') === '' ? null : $guid;
    }

    /** The id in the address of a state or of its content. Only the id is taken: addresses may name other hosts. */
    public static function idIn(mixed $address): ?string
    {
        $found = preg_match('~^[^?#]*/background/([^/?#]+)~i', self::scalar($address), $at);
        return $found ? self::identifier($at[1]) : null;
    }

    /** A time with an offset, with Z or without a zone, which is UTC. Null for none, and for .NET's year one. */
    public static function time(mixed $value): ?\DateTimeImmutable
    {
        $hours = '(?:[01]\d|2[0-3]):[0-5]\d';
        $form = "/^(\d{4})-(\d\d)-(\d\d)(?:[T ]$hours:[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]$hours)?$/D";
        $text = self::scalar($value);
        if (!preg_match($form, $text, $parts) || $parts[1] === '0001') {
            return null;
        }
        if (!checkdate((int) $parts[2], (int) $parts[3], (int) $parts[1])) {
            return null; // PHP would make the 2nd of March of the 30th of February
        }
        return new \DateTimeImmutable($text, new \DateTimeZone('UTC'));
    }

    /** For how many seconds the answer asks to wait, between a second and an hour. */
    public static function retryAfter(Answer $answer, float $now): ?float
    {
        $waits = [];
        foreach ($answer->headers->getHeader('Retry-After') as $value) {
            $date = self::date($value);
            if ($date !== null) {
                $waits[] = $date - (self::date($answer->header('Date')) ?? $now); // by the clock that wrote it
            } else {
                array_push($waits, ...self::numbers($value));
            }
        }
        return $waits ? self::bounded(max($waits)) : null;
    }

    /** In how many seconds the limit on calls ends; the old gateway told it in seconds since 1970. */
    public static function limitReset(Answer $answer, float $now): ?float
    {
        $end = self::numbers($answer->header('X-RateLimit-Reset'))[0] ?? null;
        return $end === null ? null : self::bounded($end > 1e9 ? $end - $now : $end);
    }

    /** @return list<float> */
    public static function numbers(string $values): array
    {
        $found = preg_grep('/^\d{1,99}(\.\d+)?$/D', array_map(trim(...), explode(',', $values)));
        return array_map(floatval(...), array_values($found ?: []));
    }

    private static function bounded(float $seconds): float
    {
        return min(max($seconds, 1), 3600);
    }

    private static function date(string $value): ?float
    {
        if (!preg_match('/^[a-z]{3,9},? .*\d:\d\d/i', $value)) {
            return null;
        }
        $time = date_create_immutable($value, new \DateTimeZone('UTC'));
        return $time ? (float) $time->format('U') : null;
    }

    /** The status of an HTTP answer in a JSON value, or 0. */
    public static function statusCode(mixed $value, int $least): int
    {
        $text = self::scalar($value);
        $code = is_numeric($text) ? (float) $text : 0;
        return $code >= $least && $code <= 999 ? (int) $code : 0;
    }
}
