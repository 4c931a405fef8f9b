using System.Globalization;

namespace CityHelper.Benchmarks;

/// <summary>CPU time of the whole machine, so that a reader sees whether somebody else used it during a measurement.</summary>
internal static class MachineCpu
{
    /// <summary>The unit of <c>/proc/stat</c> on every Linux that .NET runs on.</summary>
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    /// <summary>The fields of proc_stat(5) that are times without work: idle and iowait.</summary>
    private static readonly int[] s_idle = [3, 4];

    /// <summary>The last of its fields that counts: guests' time is in that of users.</summary>
    private const int StealField = 7;

    /// <summary>Time of all processors since the machine started, without idle time.</summary>
    public static async Task<TimeSpan> ReadAsync()
    {
        using StreamReader file = File.OpenText("/proc/stat");
        string[] fields = (await file.ReadLineAsync())!.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
        return s_tick * Enumerable.Range(0, StealField + 1).Except(s_idle)
            .Sum(field => long.Parse(fields[field], CultureInfo.InvariantCulture));
    }
}
