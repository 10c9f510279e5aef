<?php

declare(strict_types=1);

namespace Background;

final readonly class Accepted implements Submitted
{
    public function __construct(public Operation $operation)
    {
    }
}
