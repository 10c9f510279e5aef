using System.IO;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Background
{
    /// <summary>JSON whose amounts are decimals, and whose texts stay texts, whatever they look like.</summary>
    public static class Json
    {
        public static readonly JsonSerializerSettings Settings = new JsonSerializerSettings
        {
            FloatParseHandling = FloatParseHandling.Decimal,
            DateParseHandling = DateParseHandling.None,
            NullValueHandling = NullValueHandling.Ignore,
        };

        /// <summary>The value of a JSON text, null if it is none, as one that breaks off.</summary>
        public static JToken Parse(string json)
        {
            // A number that no decimal holds is still JSON.
            return Parse(json, FloatParseHandling.Decimal) ?? Parse(json, FloatParseHandling.Double);
        }

        static JToken Parse(string json, FloatParseHandling numbers)
        {
            var reader = new JsonTextReader(new StringReader(json))
            {
                FloatParseHandling = numbers,
                DateParseHandling = DateParseHandling.None,
                MaxDepth = 1000,
            };
            try
            {
                var value = JToken.ReadFrom(reader);
                return reader.Read() ? null : value;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }
}
