<?php

declare(strict_types=1);

namespace Background;

/** A call that the ERP has accepted. Keep it: with it any process can await the outcome. */
final readonly class Operation
{
    public function __construct(
        public string $id,
        public float $acceptedAt,
        /** It is one of the ERP's actions, whose body tells whether it succeeded. */
        public bool $action = false,
        /** The ERP asked not to be polled before. */
        public float $pollFrom = 0,
    ) {
    }
}
