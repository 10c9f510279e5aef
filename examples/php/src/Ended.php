<?php

declare(strict_types=1);

namespace Background;

/** How an operation ended: Succeeded, Failed, Expired, Unclear or Unreadable. */
interface Ended
{
}
