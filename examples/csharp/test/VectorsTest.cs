using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Background;
using Newtonsoft.Json.Linq;
using NUnit.Framework;

/// <summary>openapi/vectors holds what comes over the wire, and what is to be made of it.</summary>
[TestFixture]
public class VectorsTest
{
    static readonly string Folder = Path.Combine(AppDomain.CurrentDomain.BaseDirectory, "../../../openapi/vectors");

    static IEnumerable<TestCaseData> Vectors(string file)
    {
        var vectors = (JObject)Json.Parse(File.ReadAllText(Path.Combine(Folder, file + ".json")));
        if ((int)vectors["version"] != 1 || vectors["cases"].Count() < 10)
            throw new InvalidDataException(file + ": want version 1 and ten cases at least");
        return vectors["cases"].Select(one => new TestCaseData(one["inputBase64"] != null ? one : one["input"], one["want"])
            .SetName($"{file}: {one["name"]}: {one["why"]}"));
    }

    static byte[] Bytes(JToken given, string name)
    {
        return given[name + "Base64"] is JValue encoded
            ? Convert.FromBase64String((string)encoded) : Encoding.UTF8.GetBytes((string)given[name] ?? "");
    }

    /// <summary>The body that is a whole input.</summary>
    static string Body(JToken input)
    {
        return input.Type == JTokenType.String ? (string)input : Read.Text(Bytes(input, "input"), "");
    }

    static List<string> Texts(JToken value)
    {
        return (value is JArray list ? list.Children() : new[] { value }.AsEnumerable()).Select(Read.Scalar).ToList();
    }

    /// <summary>.NET counts in steps of 100 ns: what is beyond is cut off.</summary>
    static DateTimeOffset? Instant(JToken time)
    {
        return string.IsNullOrEmpty((string)time) ? (DateTimeOffset?)null : DateTimeOffset.Parse(
            Regex.Replace((string)time, @"(\.\d{7})\d+", "$1"), CultureInfo.InvariantCulture);
    }

    static IEnumerable<TestCaseData> AllTimes() => Vectors("times");

    [TestCaseSource(nameof(AllTimes))]
    public void Times(JToken input, JToken want)
    {
        Assert.AreEqual(Instant(want["time"]), Read.Time(Read.Scalar(input)));
    }

    static IEnumerable<TestCaseData> AllStates() => Vectors("states");

    [TestCaseSource(nameof(AllStates))]
    public void States(JToken input, JToken want)
    {
        var state = State.Parse(Body(input));
        if ((string)want["verdict"] == "unreadable")
        {
            Assert.IsNull(state);
            return;
        }
        Assert.AreEqual((string)want["verdict"], state.Verdict.ToString().ToLowerInvariant());
        Assert.AreEqual((string)want["id"], state.Id);
        Assert.AreEqual((string)want["status"], state.Status);
        Assert.AreEqual((int)want["statusCode"], state.StatusCode);
        Assert.AreEqual((bool)want["hasContent"], state.HasContent);
        Assert.AreEqual((string)want["errorMessage"] ?? "", state.ErrorMessage);
        Assert.AreEqual(Instant(want["receivedUtc"]), state.Received);
        Assert.AreEqual(Instant(want["startedUtc"]), state.Started);
        Assert.AreEqual(Instant(want["finishedUtc"]), state.Finished);
        if (want["headers"] != null)
            Assert.AreEqual(want["headers"].ToString(), JObject.FromObject(state.Headers).ToString());
    }

    static IEnumerable<TestCaseData> AllAnswers() => Vectors("answers");

    [TestCaseSource(nameof(AllAnswers))]
    public void Answers(JToken input, JToken want)
    {
        var answer = new Answer { Status = (int)input["status"], Body = Bytes(input, "body") };
        foreach (var header in (input["headers"] as JObject ?? new JObject()).Properties())
            answer.Headers[header.Name.ToLowerInvariant()] = Texts(header.Value);
        var got = Judgement.Of(answer);
        Assert.AreEqual((string)want["outcome"], got.Verdict.ToString().ToLowerInvariant());
        Assert.AreEqual((string)want["id"] ?? "", got.Id);
    }

    static IEnumerable<TestCaseData> AllErrors() => Vectors("errors");

    [TestCaseSource(nameof(AllErrors))]
    public void Errors(JToken input, JToken want)
    {
        var got = ErrorText.Of(Body(input));
        Assert.AreEqual((string)want["message"], got.Message);
        Assert.AreEqual((string)want["faultCode"] ?? "", got.FaultCode);
    }

    static IEnumerable<TestCaseData> AllRetryAfter() => Vectors("retry-after");

    [TestCaseSource(nameof(AllRetryAfter))]
    public void RetryAfter(JToken input, JToken want)
    {
        var answer = new Answer { Status = 429 };
        if (input["retryAfter"] != null)
            answer.Headers["retry-after"] = Texts(input["retryAfter"]);
        if (input["date"] != null)
            answer.Headers["date"] = Texts(input["date"]);
        var got = Read.RetryAfter(answer, Instant(input["now"]).Value);
        Assert.AreEqual((decimal?)want["seconds"], (decimal?)got?.TotalSeconds);
    }

    static IEnumerable<TestCaseData> AllSignatures() => Vectors("signatures");

    [TestCaseSource(nameof(AllSignatures))]
    public void Signatures(JToken input, JToken want)
    {
        var got = Notification.SignedBy(Texts(input["keys"]), Bytes(input, "body"), (string)input["signature"]);
        Assert.AreEqual((bool)want["valid"] ? (int)want["key"] : -1, got);
    }

    static IEnumerable<TestCaseData> AllNotifications() => Vectors("notifications");

    [TestCaseSource(nameof(AllNotifications))]
    public void Notifications(JToken input, JToken want)
    {
        var got = Notification.Of(Body(input));
        Assert.AreEqual((string)want["id"], got.Id);
        if (got.Id != null)
            Assert.AreEqual((int)want["statusCode"], got.StatusCode);
    }

    static IEnumerable<TestCaseData> AllHeaders() => Vectors("header-build");

    [TestCaseSource(nameof(AllHeaders))]
    public void Headers(JToken input, JToken want)
    {
        if ((bool?)want["refused"] == true)
            StringAssert.Contains("want", Assert.Throws<ArgumentException>(() => Build(input)).Message);
        else
            Assert.AreEqual((string)want["header"], Build(input));
    }

    static string Build(JToken input)
    {
        switch ((string)input["mode"])
        {
            case "url":
                return Notify.Url((string)input["url"]);
            case "subscription":
                var pairs = input["pairs"] ?? new JArray();
                return Notify.Subscription(pairs.Select(
                    pair => new KeyValuePair<string, string>((string)pair[0], (string)pair[1])).ToArray());
            default:
                return Notify.None;
        }
    }
}
