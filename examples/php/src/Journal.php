<?php

declare(strict_types=1);

namespace Background;

/**
 * What became of each submit, by its key, in a SQLite file; a table of your database does as well. Many processes may
 * use it. A submit is on the disk before it is sent; what was being sent when the process ended is uncertain there.
 */
final class Journal
{
    private const OUTCOMES = [
        Accepted::class, Operation::class, Succeeded::class, Failed::class, Content::class, Refused::class,
        Uncertain::class,
    ];

    private readonly \PDO $db;

    public function __construct(string $path)
    {
        $this->db = new \PDO("sqlite:$path"); // which syncs each commit to the disk
        $this->db->exec('PRAGMA busy_timeout = 10000');
        $this->db->exec(
            'CREATE TABLE IF NOT EXISTS submits (key TEXT PRIMARY KEY, refused INTEGER, submitted BLOB NOT NULL)'
        );
    }

    public function get(string $key): ?Submitted
    {
        $rows = $this->db->prepare('SELECT submitted FROM submits WHERE key = ?');
        $rows->execute([$key]);
        $row = $rows->fetchColumn();
        return $row === false ? null : unserialize($row, ['allowed_classes' => self::OUTCOMES]);
    }

    /** Claims a key: null if the caller is to send it now, else what is known of it. Only one caller gets null. */
    public function begin(string $key): ?Submitted
    {
        $claim = $this->db->prepare(
            'INSERT INTO submits VALUES (:key, 0, :submitted) ON CONFLICT (key)
                DO UPDATE SET refused = 0, submitted = :submitted WHERE refused'
        );
        $claim->execute(['key' => $key, 'submitted' => serialize(new Uncertain('no answer has been written down'))]);
        return $claim->rowCount() === 1 ? null : $this->get($key);
    }

    /** Returns once it cannot get lost. */
    public function put(string $key, Submitted $submitted): void
    {
        $this->db->prepare('UPDATE submits SET refused = ?, submitted = ? WHERE key = ?')
            ->execute([(int) ($submitted instanceof Refused), serialize($submitted), $key]);
    }
}
