<?php

declare(strict_types=1);

namespace Background;

/** Certainly not taken: it may be submitted again. */
final readonly class Refused implements Submitted
{
    public function __construct(
        public string $message,
        /** 0 if there was no answer. */
        public int $statusCode = 0,
    ) {
    }
}
