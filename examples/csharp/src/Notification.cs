using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Newtonsoft.Json.Linq;

namespace Background
{
    /// <summary>
    /// What a notification tells. The id is a hint: read the state of the operation before you believe anything.
    /// </summary>
    public sealed class Notification
    {
        /// <summary>Null if it names none.</summary>
        public string Id { get; private set; }

        /// <summary>0 if it tells none.</summary>
        public int StatusCode { get; private set; }

        /// <summary>
        /// Which of the keys has signed a body, -1 for none. Verify the bytes that came, before anything is read of them.
        /// </summary>
        public static int SignedBy(IReadOnlyList<string> keys, byte[] body, string signature)
        {
            byte[] given;
            try
            {
                given = Convert.FromBase64String((signature ?? "").Trim());
            }
            catch (FormatException)
            {
                return -1;
            }
            for (var i = 0; i < keys.Count; i++)
                using (var mac = new HMACSHA256(Encoding.UTF8.GetBytes(keys[i])))
                    if (keys[i] != "" && AreEqual(mac.ComputeHash(body), given))
                        return i;
            return -1;
        }

        /// <summary>Takes the same time wherever the first difference is. .NET has CryptographicOperations for it.</summary>
        static bool AreEqual(byte[] a, byte[] b)
        {
            var different = a.Length ^ b.Length;
            for (var i = 0; i < a.Length && i < b.Length; i++)
                different |= a[i] ^ b[i];
            return different == 0;
        }

        public static Notification Of(string body)
        {
            var outer = Read.Fields(body) ?? new Dictionary<string, JToken>();
            var told = Told(outer);
            var located = outer.Scalar("statelocation") != "" || outer.Scalar("contentlocation") != "";
            if (told.Id != null && (told.StatusCode > 0 || located))
                return told;
            foreach (var name in new[] { "data", "payload", "body" }.Where(outer.ContainsKey)) // an envelope
            {
                var inner = Told(Read.Lowered(outer[name]));
                if (inner.Id == null)
                    continue;
                if (inner.StatusCode == 0)
                    inner.StatusCode = told.StatusCode;
                return inner;
            }
            return told;
        }

        static Notification Told(Dictionary<string, JToken> known)
        {
            var named = new[] { "id", "jobid", "referenceid", "reference" }.Select(name => known.Scalar(name));
            var located = new[] { "statelocation", "contentlocation" }.Select(name => Read.IdIn(known.Scalar(name)) ?? "");
            var id = named.Concat(located).Select(Read.AsGuid).FirstOrDefault(one => one != null);
            return new Notification { Id = id, StatusCode = Read.StatusCode(known.Scalar("statuscode"), 100) };
        }
    }
}
