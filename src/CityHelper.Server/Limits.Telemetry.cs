namespace CityHelper.Server;

/// <content>What logs, metrics and traces may hold.</content>
public static partial class Limits
{
    /// <summary>Values of one message that the JSON log shows beside its text: the messages of ours have six.</summary>
    public const int LoggedAttributesMax = 32;

    /// <summary>
    /// Characters of one such value: the message shows it too, and an object of JSON is read as a whole. A statement of ours is cut off
    /// there and stands whole in the message.
    /// </summary>
    public const int LoggedAttributeCharsMax = 2_000;

    /// <summary>Connections to `/metrics` at once: one scraper has one, two of them and a person with curl a few.</summary>
    public const int MetricsConnectionsMax = 16;

    /// <summary>
    /// Bytes of a scrape: some thousand series of 200 bytes are well below it. What grows beyond it is a label without a bound, and is
    /// refused.
    /// </summary>
    public const int MetricsBytesMax = 8 * 1024 * 1024;

    /// <summary>Milliseconds that a scrape may wait for the one before it: Prometheus gives up after 10 seconds.</summary>
    public const int MetricsTimeoutMs = 10_000;

    /// <summary>
    /// Traces that are kept of all, unless configured: each costs its spans in memory and on the wire, and at 1,000 requests a second a
    /// tenth is still more than anybody looks at.
    /// </summary>
    public const double TracesKeptDefault = 0.1;
}
