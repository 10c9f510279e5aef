using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Newtonsoft.Json;

namespace Background
{
    /// <summary>What became of each submit, by its key. A table of your database does as well as what is here.</summary>
    public interface IJournal
    {
        /// <summary>Null if the key is new.</summary>
        Outcome Get(string key);

        /// <summary>Returns once it cannot get lost.</summary>
        void Put(string key, Outcome submitted);
    }

    /// <summary>Forgets everything with the process.</summary>
    public sealed class MemoryJournal : IJournal
    {
        readonly ConcurrentDictionary<string, Outcome> known = new ConcurrentDictionary<string, Outcome>();

        public Outcome Get(string key)
        {
            return known.TryGetValue(key, out var submitted) ? submitted : null;
        }

        public void Put(string key, Outcome submitted)
        {
            known[key] = submitted;
        }
    }

    /// <summary>
    /// Keeps the journal in a file. A submit is on the disk before it is sent; what was being sent when the process ended
    /// is found there as uncertain.
    /// </summary>
    public sealed class FileJournal : IJournal, IDisposable
    {
        sealed class Entry
        {
            public string Key { get; set; }
            public Outcome Submitted { get; set; }
        }

        readonly JsonLines<Entry> file;
        readonly MemoryJournal known = new MemoryJournal();

        public FileJournal(string path)
        {
            file = new JsonLines<Entry>(path);
            foreach (var entry in file.All())
                known.Put(entry.Key, entry.Submitted);
        }

        public Outcome Get(string key)
        {
            return known.Get(key);
        }

        public void Put(string key, Outcome submitted)
        {
            file.Add(new Entry { Key = key, Submitted = submitted });
            known.Put(key, submitted);
        }

        public void Dispose()
        {
            file.Dispose();
        }
    }

    /// <summary>Keeps notifications in a file, on the disk before they are acknowledged.</summary>
    public sealed class Inbox : IDisposable
    {
        public sealed class Entry
        {
            /// <summary>Of its operation, empty if none was found.</summary>
            public string Id { get; set; }
            public string Body { get; set; }
        }

        readonly JsonLines<Entry> file;
        readonly HashSet<string> stored = new HashSet<string>();

        public Inbox(string path)
        {
            file = new JsonLines<Entry>(path);
            foreach (var entry in file.All())
                stored.Add(What(entry.Id, entry.Body));
        }

        static string What(string id, string body)
        {
            return id == "" ? body : id;
        }

        /// <summary>Stores a notification; another one for the same operation changes nothing.</summary>
        public void Store(string id, string body)
        {
            lock (stored)
            {
                if (stored.Contains(What(id, body)))
                    return;
                file.Add(new Entry { Id = id, Body = body });
                stored.Add(What(id, body));
            }
        }

        /// <summary>What is stored, read from the file.</summary>
        public List<Entry> All()
        {
            return file.All();
        }

        public void Dispose()
        {
            file.Dispose();
        }
    }

    /// <summary>A file with a line of JSON for each of its entries; one process at a time has it open.</summary>
    sealed class JsonLines<T> : IDisposable
    {
        readonly FileStream file;
        bool failed;

        public JsonLines(string path)
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                file.Lock(0, 1 << 30); // for where FileShare binds only one process
            }
            catch (IOException e)
            {
                file.Dispose();
                throw new IOException(path + " is open already: one process at a time may have it open", e);
            }
        }

        /// <summary>The entries of the file. A line that a crash cut off is none: it was told to nobody.</summary>
        public List<T> All()
        {
            var entries = new List<T>();
            lock (file)
            {
                file.Position = 0;
                var lines = new StreamReader(file, new UTF8Encoding(false)); // not disposed: the file stays open
                for (string line; (line = lines.ReadLine()) != null;)
                {
                    try
                    {
                        if (line != "")
                            entries.Add(JsonConvert.DeserializeObject<T>(line, Json.Settings));
                    }
                    catch (JsonException)
                    {
                    }
                }
            }
            return entries;
        }

        /// <summary>Adds an entry, and returns once it is on the disk. After a failed write it takes nothing more.</summary>
        public void Add(T entry)
        {
            // The line begins with its end, so that one that a crash cut off spoils no other.
            var line = Encoding.UTF8.GetBytes("\n" + JsonConvert.SerializeObject(entry, Json.Settings));
            lock (file)
            {
                if (failed)
                    throw new IOException(file.Name + ": a write has failed before; open it anew");
                failed = true;
                file.Seek(0, SeekOrigin.End);
                file.Write(line, 0, line.Length);
                file.Flush(true);
                failed = false;
            }
        }

        public void Dispose()
        {
            file.Dispose();
        }
    }
}
