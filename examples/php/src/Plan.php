<?php

declare(strict_types=1);

namespace Background;

/** The pauses of one wait. */
final class Plan
{
    private float $next;

    public function __construct(private readonly Poll $poll)
    {
        $this->next = $poll->first;
    }

    public function next(): float
    {
        $pause = $this->next;
        $this->next = min($pause * $this->poll->factor, $this->poll->longest);
        return $pause;
    }

    /** The end is near: short pauses again. */
    public function reset(): void
    {
        $this->next = $this->poll->first;
    }
}
