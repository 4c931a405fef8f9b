using CityHelper.Server.Clients;

namespace CityHelper.Server.ServiceRequests.Writing;

/// <summary>
/// Bounds how many requests each client reports to this server in a minute of the clock: reports need no key, each is a row for ever, and
/// somebody has to look at it.
/// </summary>
/// <remarks>
/// Only reports that were written count. A turn is taken before the write, so that no burst passes the bound, and given back when nothing
/// was written: a refusal, or the repetition of a report. Else sixty worthless inputs would silence everybody for a minute. What such
/// inputs cost is bounded as the cost of any operation is: by the cost limit, and by how many run at once.
/// </remarks>
/// <param name="clients">The configured clients, by name.</param>
/// <param name="time">The clock.</param>
internal sealed class ReportRate(IReadOnlyDictionary<string, ClientSettings> clients, TimeProvider time)
{
    private const int SecondsPerMinute = 60;

    private readonly Lock _gate = new();

    // Only configured names and `default` come here, so it is bounded.
    private readonly Dictionary<string, int> _reports = new(StringComparer.Ordinal);
    private long _minute;

    /// <summary>Takes a turn to report.</summary>
    /// <param name="client">The client's name.</param>
    public ReportTurn Take(string client)
    {
        // Anybody can send a name, so names bring no reports of their own.
        ClientSettings? settings = clients.GetValueOrDefault(client);
        string counted = settings is null || ClientDirectory.IsKnownByNameAlone(settings) ? ClientSettings.DefaultName : client;
        int max = Math.Min(MaxOf(client), MaxOf(counted));
        long seconds = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_gate)
        {
            if (seconds / SecondsPerMinute != _minute)
            {
                _minute = seconds / SecondsPerMinute;
                _reports.Clear();
            }

            int reports = _reports.GetValueOrDefault(counted);
            if (reports >= max)
            {
                return new ReportTurn(counted, _minute, SecondsPerMinute - (int)(seconds % SecondsPerMinute));
            }

            _reports[counted] = reports + 1;
            return new ReportTurn(counted, _minute, WaitSeconds: null);
        }
    }

    /// <summary>Gives a turn back, because nothing was written. In a later minute it is over anyway.</summary>
    /// <param name="turn">A turn that was granted, once.</param>
    public void GiveBack(ReportTurn turn)
    {
        lock (_gate)
        {
            if (turn.Minute == _minute)
            {
                _reports[turn.Client]--;
            }
        }
    }

    private int MaxOf(string client) => clients.GetValueOrDefault(client)?.ReportsPerMinute ?? Limits.ReportsPerMinute;
}

/// <summary>A turn to report.</summary>
/// <param name="Client">The client that it counts for.</param>
/// <param name="Minute">The minute of the clock.</param>
/// <param name="WaitSeconds">Null when the client may report; else the seconds until the next minute.</param>
internal readonly record struct ReportTurn(string Client, long Minute, int? WaitSeconds);
