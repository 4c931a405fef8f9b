namespace CityHelper.Server;

/// <content>Bounds of logs, metrics and traces.</content>
public static partial class Limits
{
    /// <summary>Values of one message that the JSON log shows beside its text: our messages have six.</summary>
    public const int LoggedAttributesMax = 32;

    /// <summary>
    /// Characters of one such value: readers parse a JSON object as a whole. A statement of ours is cut off there; the message has all of
    /// it.
    /// </summary>
    public const int LoggedAttributeCharsMax = 2_000;

    /// <summary>Connections to `/metrics` at once: two scrapers and a person with curl need a few.</summary>
    public const int MetricsConnectionsMax = 16;

    /// <summary>
    /// Bytes of a scrape: some thousand series of 200 bytes are well below it. A larger scrape has a label without a bound, and is refused.
    /// </summary>
    public const int MetricsBytesMax = 8 * 1024 * 1024;

    /// <summary>Milliseconds that a scrape may wait for the one before it: Prometheus gives up after 10 seconds.</summary>
    public const int MetricsTimeoutMs = 10_000;

    /// <summary>
    /// The share of traces that is kept, unless configured. Each costs its spans in memory and on the wire, and at 1,000 requests a second
    /// a tenth is still more than anybody reads.
    /// </summary>
    public const double TracesKeptDefault = 0.1;
}
