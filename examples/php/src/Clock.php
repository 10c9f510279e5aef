<?php

declare(strict_types=1);

namespace Background;

/** The time of day in seconds, and how to wait, so that tests need not. */
interface Clock
{
    public function now(): float;

    /** @param callable(): bool $woken ends the wait; it costs a query of your inbox */
    public function sleep(float $seconds, callable $woken): void;
}
