using System.Text.Json;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary>The log format of Production.</summary>
public sealed class JsonLineFormatterTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 31, 12, 0, 0, 5, TimeSpan.Zero);

    [Fact]
    public void A_message_is_one_object_on_one_line()
    {
        string line = Write(
            LogLevel.Warning,
            new EventId(1002, "RequestTimedOut"),
            [
                new("Operation", (LogText)"Größe \"x\""), new("TimeoutMs", 10_000), new("Share", 0.5), new("Last", true), new("None", null),
                new("{OriginalFormat}", "{…}"),
            ],
            "It ended",
            exception: null);
        Assert.Equal(
            """
            {"timestamp":"2026-01-31T12:00:00.005Z","severity":"warn","category":"CityHelper.Tests","event_id":1002,
            "event_name":"RequestTimedOut","message":"It ended",
            "attributes":{"Operation":"Größe \"x\"","TimeoutMs":10000,"Share":0.5,"Last":true,"None":null}}
            """.Replace("\n", "", StringComparison.Ordinal) + "\n",
            line);
    }

    /// <summary>A program's log output may end up on a terminal: texts are escaped as in plain lines, and bounded.</summary>
    [Fact]
    public void Texts_are_escaped_and_bounded()
    {
        string hostile = "\r\n\u001b[2J\u202E\u2028\ud800" + new string('x', 100_000);
        string line = Write(LogLevel.Error, 1, [new(hostile, hostile)], hostile, new InvalidOperationException(hostile));
        Assert.InRange(line.Length, 1, 5 * CityHelper.Server.Limits.LogLineCharsMax);
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        JsonElement json = JsonDocument.Parse(line).RootElement;
        JsonProperty attribute = json.GetProperty("attributes").EnumerateObject().Single();
        Assert.All(
            [json.GetProperty("message").GetString()!, attribute.Name, attribute.Value.GetString()!],
            text => Assert.StartsWith("\\u000D\\u000A\\u001B[2J\\u202E\\u2028\\uD800xxx", text, StringComparison.Ordinal));
        string exception = json.GetProperty("exception").GetString()!;
        Assert.Contains("\\u001B[2J", exception, StringComparison.Ordinal);
        Assert.DoesNotContain(exception, c => char.IsControl(c) && c != '\n');
    }

    private static string Write(LogLevel level, EventId id, KeyValuePair<string, object?>[] values, string message, Exception? exception)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var entry = new LogEntry<IReadOnlyList<KeyValuePair<string, object?>>>(
            level, "CityHelper.Tests", id, values, exception, (_, _) => message);
        new JsonLineFormatter(new FakeTimeProvider(s_now)).Write(entry, scopeProvider: null, text);
        return text.ToString();
    }
}
