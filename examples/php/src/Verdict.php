<?php

declare(strict_types=1);

namespace Background;

/** What a state says. Unclear is an end of a kind that nobody knows: neither success nor failure. */
enum Verdict: string
{
    case Pending = 'pending';
    case Succeeded = 'succeeded';
    case Failed = 'failed';
    case Unclear = 'unclear';
}
