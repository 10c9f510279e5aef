<?php

declare(strict_types=1);

namespace Background;

/** Notifications in a SQLite file, on the disk before they are acknowledged. Many processes may use it. */
final class Inbox
{
    private readonly \PDO $db;

    public function __construct(string $path)
    {
        $this->db = new \PDO("sqlite:$path"); // which syncs each commit to the disk
        $this->db->exec('PRAGMA busy_timeout = 10000');
        $this->db->exec(
            'CREATE TABLE IF NOT EXISTS inbox (what TEXT PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL,
                times INTEGER NOT NULL DEFAULT 1)'
        );
        $this->count = $this->db->prepare('SELECT times FROM inbox WHERE what = ?');
    }

    private readonly \PDOStatement $count;

    /** Stores a notification; of another one for the same operation only that it came. */
    public function store(string $id, string $body): void
    {
        $this->db->prepare(
            'INSERT INTO inbox (what, id, body) VALUES (?, ?, ?) ON CONFLICT (what) DO UPDATE SET times = times + 1'
        )->execute([$id !== '' ? $id : $body, $id, $body]);
    }

    /** How often a notification has come for an operation. */
    public function count(string $id): int
    {
        $this->count->execute([$id]);
        return (int) $this->count->fetchColumn();
    }

    /** @return list<string> the operations that notifications were taken for, in the order in which they came */
    public function ids(): array
    {
        return $this->db->query('SELECT id FROM inbox ORDER BY rowid')->fetchAll(\PDO::FETCH_COLUMN);
    }
}
