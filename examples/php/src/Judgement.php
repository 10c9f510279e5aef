<?php

declare(strict_types=1);

namespace Background;

/** What an answer says to a request that was to run in the background. */
final readonly class Judgement
{
    public const ACCEPTED = 'accepted';
    public const FOREGROUND = 'foreground'; // it ran at once
    public const REFUSED = 'refused';
    public const UNAUTHORIZED = 'unauthorized'; // not taken; once more with a fresh token
    public const LIMITED = 'limited'; // not taken; later
    public const UNCERTAIN = 'uncertain'; // it may have been taken: never to be sent again

    private function __construct(
        public string $outcome,
        /** The id of what was accepted. */
        public string $id = '',
        /** Why it is uncertain. */
        public string $why = '',
    ) {
    }

    /**
     * Judges an answer to a submit. A 202 is read as far as its body goes, for its id is the only way to the outcome. A
     * page of HTML, a part of a body or JSON that ends in the middle is nobody's answer: a proxy may have spoken.
     */
    public static function of(Answer $answer): self
    {
        $status = $answer->status;
        $body = $answer->text();
        if ($status === 202) {
            $id = self::acceptedId($answer, $body);
            return $id !== null
                ? new self(self::ACCEPTED, $id)
                : new self(self::UNCERTAIN, why: 'answered 202 without a readable id');
        }
        $queued = $status >= 200 && $status < 400 ? self::queuedId($answer, $body) : null;
        if ($queued !== null) {
            return new self(self::ACCEPTED, $queued);
        }
        if ($status >= 200 && $status < 300) {
            $page = self::isPage($answer, $body) ? 'answered with a page of HTML' : null;
            $why = self::notWhole($answer, $body) ?? $page;
            return $why === null ? new self(self::FOREGROUND) : new self(self::UNCERTAIN, why: $why);
        }
        return match (true) {
            $status === 401 => new self(self::UNAUTHORIZED),
            $status === 429 => new self(self::LIMITED),
            $status === 408 || $status >= 500 || $status < 200 => new self(self::UNCERTAIN, why: "answered $status"),
            default => new self(self::REFUSED),
        };
    }

    /** The id in a 202: in its body, which may be broken, else in an address that it names. */
    private static function acceptedId(Answer $answer, string $body): ?string
    {
        $known = Read::fields($body) ?? self::pieces($body);
        return Read::identifier($known['id'] ?? null)
            ?? Read::identifier($known['jobid'] ?? null)
            ?? Read::idIn($known['statelocation'] ?? null)
            ?? Read::idIn($answer->header('Location'))
            ?? Read::guid(trim(trim($body), '"'));
    }

    /** The id of an answer that names a state although its status does not say so: a proxy gave it another one. */
    private static function queuedId(Answer $answer, string $body): ?string
    {
        $known = Read::fields($body) ?? [];
        $at = Read::idIn($known['statelocation'] ?? null) ?? Read::idIn($answer->header('Location'));
        return $at === null
            ? null
            : Read::identifier($known['id'] ?? null) ?? Read::identifier($known['jobid'] ?? null) ?? $at;
    }

    /**
     * The members at the beginning of JSON that ends in the middle, before anything is nested in it.
     *
     * @return array<string, string>
     */
    private static function pieces(string $body): array
    {
        $open = ltrim($body);
        $flat = substr($open, 0, 1) === '{' ? substr($open, 1) : $open;
        $flat = substr($flat, 0, strcspn($flat, '[{'));
        preg_match_all('/"(\w+)"\s*:\s*(?|"([^"\\\\]*)"|(\d+)(?=\s*[,}]))/', $flat, $members, PREG_SET_ORDER);
        return array_column(array_map(fn (array $m): array => [strtolower($m[1]), $m[2]], $members), 1, 0);
    }

    /** Why a body is not all of an answer, or null. */
    public static function notWhole(Answer $answer, string $body): ?string
    {
        if ($answer->broken) {
            return 'the body of the answer broke off';
        }
        if ($answer->status === 206 || $answer->headers->hasHeader('Content-Range')) {
            return 'answered with a part of a body';
        }
        $type = $answer->header('Content-Type');
        $json = $type === '' || preg_match('~json|^text/(plain|html|xml)|octet-stream~i', $type);
        if ($json && preg_match('/^\s*[{[]/', $body)) {
            json_decode($body);
            if (json_last_error() !== JSON_ERROR_NONE) {
                return 'answered with JSON that cannot be read';
            }
        }
        return null;
    }

    /** Whether a body is a page of HTML, by its first bytes or by its declared type. */
    public static function isPage(Answer $answer, string $body): bool
    {
        $start = (string) preg_replace('/^\s*((<\?xml[^>]*\?>|<!--.*?-->)\s*)*/s', '', substr($body, 0, 4096));
        if (preg_match('~^<(!doctype html|html|head|body|title|meta|script)[\s/>]~i', $start)) {
            return true;
        }
        $html = preg_match('~^(text/html|application/xhtml)~i', $answer->header('Content-Type'));
        return $html && $start !== '' && !in_array($start[0], ['{', '['], true);
    }
}
