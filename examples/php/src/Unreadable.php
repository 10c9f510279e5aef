<?php

declare(strict_types=1);

namespace Background;

/** The ERP keeps refusing to tell: find out why, and await it again. */
final readonly class Unreadable implements Ended
{
    public function __construct(public int $statusCode, public string $message)
    {
    }
}
