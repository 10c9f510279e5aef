using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Background
{
    /// <summary>Gets tokens by client credentials: one request for all who wait, anew before it runs out.</summary>
    public sealed class Tokens
    {
        /// <summary>https://connect.visma.com/connect/token for the vendor's.</summary>
        public string TokenUrl { get; set; }
        public string ClientId { get; set; }
        public string ClientSecret { get; set; }

        /// <summary>That of the company; with that of the customer a token is given, which the ERP then refuses.</summary>
        public string TenantId { get; set; }
        public string Scope { get; set; }

        /// <summary>It follows no redirects: the secret goes nowhere else.</summary>
        public ITransport Transport { get; set; } = new HttpTransport(TimeSpan.FromSeconds(30));
        public IClock Clock { get; set; } = new RealClock();

        readonly SemaphoreSlim one = new SemaphoreSlim(1);
        int asked;
        string token;
        DateTimeOffset until;

        /// <summary>A TokenSource.</summary>
        public async Task<string> Get(bool renew)
        {
            var before = Volatile.Read(ref asked);
            await one.WaitAsync().ConfigureAwait(false);
            try
            {
                var fresh = asked > before; // somebody else asked meanwhile
                if (!fresh && (renew || token == null || Clock.Now >= until))
                    await Ask().ConfigureAwait(false);
                return token;
            }
            finally
            {
                one.Release();
            }
        }

        async Task Ask()
        {
            var form = new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_id"] = ClientId,
                ["client_secret"] = ClientSecret,
                ["tenant_id"] = TenantId,
                ["scope"] = Scope,
            };
            var text = string.Join("&", form.Select(field => field.Key + "=" + Uri.EscapeDataString(field.Value)));
            var request = new Request { Method = "POST", Url = TokenUrl, Body = Encoding.UTF8.GetBytes(text) };
            request.Headers.Add(new KeyValuePair<string, string>("Content-Type", "application/x-www-form-urlencoded"));
            var answer = await Transport.Send(request, CancellationToken.None).ConfigureAwait(false);
            var known = Read.Fields(answer.Text());
            var given = known.Scalar("access_token");
            if (answer.Status / 100 != 2 || given == "")
                throw new IOException(
                    $"the token endpoint answered {answer.Status}: {ErrorText.Of(answer.Text()).Message}");
            var seconds = (double)Read.Numbers(known.Scalar("expires_in")).DefaultIfEmpty(3600).First();
            seconds = Math.Min(seconds, 1e6);
            until = Clock.Now.AddSeconds(seconds - Math.Min(60, seconds / 10));
            token = given;
            asked++;
        }
    }
}
