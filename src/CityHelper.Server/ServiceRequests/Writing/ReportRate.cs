using CityHelper.Server.Clients;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>
/// Bounds how many requests each client reports to this server in a minute of the clock: reports need no key, each is a row for ever, and
/// somebody has to look at it.
/// </summary>
/// <param name="clients">The configured clients, by name.</param>
/// <param name="time">The clock.</param>
internal sealed class ReportRate(IReadOnlyDictionary<string, ClientSettings> clients, TimeProvider time)
{
    private const int SecondsPerMinute = 60;

    private readonly Lock _gate = new();

    // Only configured names and `default` come here, so it is bounded.
    private readonly Dictionary<string, int> _reports = new(StringComparer.Ordinal);
    private long _minute;

    /// <summary>Counts a report.</summary>
    /// <param name="client">The client's name.</param>
    /// <returns>Null when it may report; else the seconds until the next minute.</returns>
    public int? TryReport(string client)
    {
        int max = clients.GetValueOrDefault(client)?.ReportsPerMinute ?? Limits.ReportsPerMinute;
        long seconds = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_gate)
        {
            if (seconds / SecondsPerMinute != _minute)
            {
                _minute = seconds / SecondsPerMinute;
                _reports.Clear();
            }

            int reports = _reports.GetValueOrDefault(client);
            if (reports >= max)
            {
                return SecondsPerMinute - (int)(seconds % SecondsPerMinute);
            }

            _reports[client] = reports + 1;
            return null;
        }
    }
}
