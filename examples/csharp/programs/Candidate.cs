using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Background;
using Newtonsoft.Json.Linq;

/// <summary>
/// Lets erpmock conformance hold this client and this receiver to the rules. docs/conformance.md says what is read and
/// written here. It is no part of what you would copy, but for how it puts the parts together.
/// </summary>
static class Candidate
{
    static readonly TextWriter Out = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };

    static void Main()
    {
        var answer = Env("ROLE") == "receiver" ? Receiver() : Client();
        var steps = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        for (string line; (line = steps.ReadLine()) != null;)
        {
            var step = (JObject)Json.Parse(line);
            JObject said;
            try
            {
                said = answer(step).GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                said = new JObject { ["error"] = e.ToString() };
            }
            said["step"] = step["step"];
            Write(said);
        }
        Environment.Exit(0); // the webhook listens on
    }

    static void Write(JObject said)
    {
        Out.Write(said.ToString(Newtonsoft.Json.Formatting.None) + "\n");
    }

    static Func<JObject, Task<JObject>> Receiver()
    {
        var inbox = new Inbox(Path.Combine(Directory(), "inbox"));
        var works = true;
        Listen(new Hook
        {
            Path = "/hook",
            Keys = Keys(),
            Store = (id, body) =>
            {
                if (!Volatile.Read(ref works))
                    throw new IOException("the store does not work");
                inbox.Store(id, body);
            },
        });
        return step =>
        {
            var said = new JObject();
            if ((string)step["do"] == "list")
                said["notifications"] = new JArray(inbox.All().Select(entry => new JObject { ["id"] = entry.Id }));
            else
                Volatile.Write(ref works, (bool)step["works"]);
            return Task.FromResult(said);
        };
    }

    static Func<JObject, Task<JObject>> Client()
    {
        var first = TimeSpan.FromMilliseconds(long.Parse(Env("POLL_MS")));
        ITransport transport = new HttpTransport(TimeSpan.FromMilliseconds(long.Parse(Env("CALL_TIMEOUT_MS"))));
        IClock clock = new RealClock();
        if (Env("CLOCK") == "virtual")
        {
            clock = new VirtualClock { Now = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(Env("CLOCK_START"))) };
            transport = new Timed { Transport = transport, Clock = clock };
        }
        var directory = Directory();
        var journal = new FileJournal(Path.Combine(directory, "journal"));
        var inbox = new Inbox(Path.Combine(directory, "inbox"));
        var client = new BackgroundClient(new Settings
        {
            BaseUrl = Env("URL"),
            Token = Token(),
            Journal = journal,
            Poll = new Poll { First = first, Longest = TimeSpan.FromTicks(first.Ticks * 4) },
            Transport = transport,
            Clock = clock,
        });
        Action<string, string> store = (id, body) =>
        {
            inbox.Store(id, body);
            client.Notified(id);
        };
        var secret = "/hook/" + Env("SECRET");
        Listen(new Hook { Path = "/hook", Keys = Keys(), Store = store }, new Hook { Path = secret, Store = store });
        var notify = new Dictionary<string, string>
        {
            ["none"] = Notify.None,
            ["url"] = Notify.Url($"http://127.0.0.1:{Env("WEBHOOK_PORT")}{secret}"),
            ["subscription"] = Notify.Subscription(),
        };
        return async step =>
        {
            var key = (string)step["key"];
            if ((string)step["do"] == "submit")
                return Told(await client.Submit(key, RequestOf(step, notify[(string)step["notify"]])));
            var known = journal.Get(key);
            if (known.Kind != OutcomeKind.Accepted)
                return Told(known);
            try
            {
                return Told(await client.Await(known.Operation, TimeSpan.FromMilliseconds((long)step["timeoutMs"])));
            }
            catch (TimeoutException)
            {
                return new JObject { ["outcome"] = "pending" };
            }
        };
    }

    static Request RequestOf(JObject step, string notify)
    {
        var request = new Request { Method = (string)step["method"], Url = Env("URL") + (string)step["path"] };
        request.Headers.Add(new KeyValuePair<string, string>("erp-api-background", notify));
        if (step["contentType"] != null)
            request.Headers.Add(new KeyValuePair<string, string>("Content-Type", (string)step["contentType"]));
        if (step["body"] != null)
            request.Body = Encoding.UTF8.GetBytes((string)step["body"]);
        return request;
    }

    /// <summary>An outcome in the words of the protocol.</summary>
    static JObject Told(Outcome outcome)
    {
        var said = new JObject { ["message"] = outcome.Message };
        switch (outcome.Kind)
        {
            case OutcomeKind.Accepted:
                said["outcome"] = "pending";
                said["id"] = outcome.Operation.Id;
                return said;
            case OutcomeKind.Unreadable:
                said["outcome"] = "pending";
                return said;
            case OutcomeKind.Unclear:
                said["outcome"] = "uncertain";
                return said;
            default:
                said["outcome"] = outcome.Kind.ToString().ToLowerInvariant();
                break;
        }
        if (outcome.StatusCode > 0)
            said["statusCode"] = outcome.StatusCode;
        if (outcome.Content == null)
            return said;
        said["contentType"] = outcome.Content.Type;
        if (outcome.Content.Type.ToLowerInvariant().Contains("json"))
            said["body"] = outcome.Content.Text();
        else
            said["bodyBase64"] = Convert.ToBase64String(outcome.Content.Body);
        return said;
    }

    /// <summary>Receives notifications, and says in the first line where.</summary>
    static void Listen(params Hook[] hooks)
    {
        var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{Env("WEBHOOK_PORT")}/");
        listener.Start();
        _ = Hook.Serve(listener, hooks);
        Write(new JObject
        {
            ["protocol"] = 1,
            ["name"] = "csharp",
            ["roles"] = new JArray("client", "receiver"),
            ["can"] = new JArray(
                "url", "subscription", "keys", "resume", "credentials", "actions", "clock", "storeFault"),
            ["webhook"] = $"http://127.0.0.1:{Env("WEBHOOK_PORT")}/hook",
        });
    }

    static TokenSource Token()
    {
        if (Env("TOKEN_URL") == "")
            return renew => Task.FromResult(Env("TOKEN"));
        return new Tokens
        {
            TokenUrl = Env("TOKEN_URL"),
            ClientId = Env("CLIENT_ID"),
            ClientSecret = Env("CLIENT_SECRET"),
            TenantId = Env("TENANT_ID"),
            Scope = Env("SCOPE"),
        }.Get;
    }

    static string[] Keys()
    {
        return Env("SIGNING_KEYS").Split(',').Where(key => key != "").ToArray();
    }

    static string Directory()
    {
        if (Env("DIR") != "")
            return Env("DIR");
        var folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()); // only our first line is wanted
        AppDomain.CurrentDomain.ProcessExit += (sender, e) => System.IO.Directory.Delete(folder, true);
        return System.IO.Directory.CreateDirectory(folder).FullName;
    }

    static string Env(string name)
    {
        return Environment.GetEnvironmentVariable("BACKGROUND_" + name) ?? "";
    }

    /// <summary>Tells with a call what time it is.</summary>
    sealed class Timed : ITransport
    {
        public ITransport Transport { get; set; }
        public IClock Clock { get; set; }

        public Task<Answer> Send(Request request, CancellationToken cancel)
        {
            var time = Clock.Now.ToUnixTimeMilliseconds().ToString();
            var timed = new Request { Method = request.Method, Url = request.Url, Body = request.Body };
            timed.Headers.AddRange(request.Headers);
            timed.Headers.Add(new KeyValuePair<string, string>("x-conformance-time", time));
            return Transport.Send(timed, cancel);
        }
    }
}
