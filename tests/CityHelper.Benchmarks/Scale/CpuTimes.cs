using System.Globalization;
using Npgsql;

namespace CityHelper.Benchmarks.Scale;

/// <summary>User and system time of all threads of some processes so far, in nanoseconds by thread id.</summary>
/// <remarks><c>/proc/PID/stat</c> has the same time only in ticks of 10 ms, a fifth of what one process takes in a round.</remarks>
internal sealed class CpuTimes
{
    private const string Backends =
        "select pid from pg_stat_activity where application_name like $1 and datname = current_database()";

    private readonly Dictionary<int, long> _byThread = [];

    private CpuTimes()
    {
    }

    /// <summary>Reads the times of one process.</summary>
    public static CpuTimes Of(int process)
    {
        var times = new CpuTimes();
        times.Add(process);
        return times;
    }

    /// <summary>Reads the times of PostgreSQL's backends for the servers of a database. PostgreSQL must be on this machine.</summary>
    /// <param name="database">The database.</param>
    /// <param name="applications">A pattern of the names of their pools; that of the reading one when left out.</param>
    public static async Task<CpuTimes> OfBackendsAsync(NpgsqlDataSource database, string applications = "cityhelper")
    {
        var times = new CpuTimes();
        await using NpgsqlCommand command = database.CreateCommand(Backends);
        command.Parameters.Add(new() { Value = applications });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            times.Add(reader.GetInt32(0));
        }

        return times;
    }

    /// <summary>
    /// The time since an earlier reading. A thread that ended in between was idle and is left out; a new one counts in full.
    /// </summary>
    public TimeSpan Since(CpuTimes before) =>
        TimeSpan.FromMicroseconds(_byThread.Sum(t => t.Value - before._byThread.GetValueOrDefault(t.Key)) / 1_000.0);

    private void Add(int process)
    {
        foreach (string thread in Directory.EnumerateDirectories(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/task")))
        {
            try
            {
                string text = File.ReadAllText(Path.Combine(thread, "schedstat"));
                _byThread[int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture)] =
                    long.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // The thread ended after it was listed.
            }
        }
    }
}
