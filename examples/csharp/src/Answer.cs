using System.Collections.Generic;
using Newtonsoft.Json;

namespace Background
{
    /// <summary>A request to send, once or again after an answer that says it was not taken.</summary>
    public sealed class Request
    {
        public string Method { get; set; }
        public string Url { get; set; }
        public List<KeyValuePair<string, string>> Headers { get; } = new List<KeyValuePair<string, string>>();

        /// <summary>Null if there is none.</summary>
        public byte[] Body { get; set; }
    }

    /// <summary>An answer as it came.</summary>
    public sealed class Answer
    {
        public int Status { get; set; }

        /// <summary>Their names are in lower case.</summary>
        public Dictionary<string, List<string>> Headers { get; set; } = new Dictionary<string, List<string>>();
        public byte[] Body { get; set; } = new byte[0];

        /// <summary>The body ended before its end; what there is of it may still name an id.</summary>
        public bool Broken { get; set; }

        public IEnumerable<string> All(string name)
        {
            return Headers.TryGetValue(name, out var values) ? values : new List<string>();
        }

        public string Header(string name)
        {
            foreach (var value in All(name))
                return value;
            return "";
        }

        public string Text()
        {
            return Read.Text(Body, Header("content-type"));
        }

        /// <summary>Null if there is no body.</summary>
        public Content Content()
        {
            return Body.Length > 0 ? new Content { Type = Header("content-type"), Body = Body } : null;
        }
    }

    /// <summary>The body of an answer. Not each is JSON: look at Type.</summary>
    public sealed class Content
    {
        public string Type { get; set; }
        public byte[] Body { get; set; }

        public string Text()
        {
            return Read.Text(Body, Type);
        }

        /// <summary>The content as a generated type, such as List&lt;CustomerInvoice&gt;, its amounts as decimals.</summary>
        /// <exception cref="JsonException">It is none.</exception>
        public T As<T>()
        {
            return JsonConvert.DeserializeObject<T>(Text(), Background.Json.Settings);
        }
    }
}
