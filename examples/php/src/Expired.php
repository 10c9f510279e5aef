<?php

declare(strict_types=1);

namespace Background;

/** The ERP no longer knows the operation; look what became of it. */
final readonly class Expired implements Ended
{
    public function __construct(public string $message)
    {
    }
}
