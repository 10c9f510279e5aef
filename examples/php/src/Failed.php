<?php

declare(strict_types=1);

namespace Background;

/** The call ended otherwise. */
final readonly class Failed implements Submitted, Ended
{
    /** @param array<string, list<string>> $headers their names in lower case */
    public function __construct(
        public int $statusCode,
        public array $headers = [],
        public ?Content $content = null,
        public string $message = '',
    ) {
    }
}
