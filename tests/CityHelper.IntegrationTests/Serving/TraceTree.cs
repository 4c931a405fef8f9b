using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CityHelper.IntegrationTests.Serving;

/// <summary>A trace as text: each span with its attributes, indented under its parent.</summary>
internal static class TraceTree
{
    /// <summary>Attributes that differ in each run, or are long texts.</summary>
    private static readonly HashSet<string> s_left =
    [
        "server.address", "server.port", "network.protocol.version", "url.path", "url.query", "url.scheme", "user_agent.original",
        "db.npgsql.connection_id", "db.npgsql.data_source", "db.npgsql.prepared", "db.query.text", "graphql.document.id",
    ];

    /// <summary>Writes a trace.</summary>
    /// <param name="spans">Its spans.</param>
    /// <param name="database">The name of the database, shown as <c>database</c>.</param>
    public static string Write(IReadOnlyCollection<Activity> spans, string database)
    {
        var text = new StringBuilder();
        Write(text, spans.Single(span => span.ParentSpanId == default), spans, 0);
        return text.ToString().Replace(database, "database", StringComparison.Ordinal);
    }

    private static void Write(StringBuilder text, Activity span, IReadOnlyCollection<Activity> spans, int depth)
    {
        text.Append(CultureInfo.InvariantCulture, $"{new string(' ', 2 * depth)}{span.DisplayName} ({span.Kind})");
        IEnumerable<KeyValuePair<string, object?>> told = span.TagObjects.Where(tag => !s_left.Contains(tag.Key));
        foreach ((string key, object? value) in told.OrderBy(tag => tag.Key, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $" {key}={value}");
        }

        text.Append('\n');
        foreach (Activity child in spans.Where(child => child.ParentSpanId == span.SpanId).OrderBy(child => child.StartTimeUtc))
        {
            Write(text, child, spans, depth + 1);
        }
    }
}
