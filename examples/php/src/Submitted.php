<?php

declare(strict_types=1);

namespace Background;

/** What became of a submit: Accepted, Succeeded or Failed (it ran at once), Refused or Uncertain. */
interface Submitted
{
}
