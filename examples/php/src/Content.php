<?php

declare(strict_types=1);

namespace Background;

/** The body of an answer. Not each is JSON: look at $type. */
final readonly class Content
{
    public function __construct(public string $type, public string $body)
    {
    }

    public function text(): string
    {
        return Read::text($this->body, $this->type);
    }

    /**
     * The content as JSON: objects as arrays, and numbers as the text of their digits, for bcmath or a decimal type.
     * A float would keep fifteen of them.
     *
     * @throws \JsonException if it is none
     */
    public function json(): mixed
    {
        $text = $this->text();
        json_decode($text, flags: JSON_THROW_ON_ERROR);
        // Numbers that are in no string.
        $quoted = preg_replace('/"(?:[^"\\\\]++|\\\\.)*+"(*SKIP)(*FAIL)|-?[0-9][0-9.eE+-]*/s', '"$0"', $text);
        return json_decode((string) $quoted, true, flags: JSON_THROW_ON_ERROR);
    }
}
