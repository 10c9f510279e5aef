<?php

declare(strict_types=1);

namespace Background;

/** Nobody knows whether it was taken. Never submit it again: look whether it is there. */
final readonly class Uncertain implements Submitted
{
    public function __construct(public string $message)
    {
    }
}
