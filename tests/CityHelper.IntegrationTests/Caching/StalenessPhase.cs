using System.Diagnostics;
using System.Globalization;

namespace CityHelper.IntegrationTests.Caching;

/// <summary>How stale the answers of a phase were.</summary>
/// <remarks>
/// An answer is as stale as the time since the commit had returned of the oldest change that it lacks. Two measures: at its receipt, which
/// holds the time that it was on its way and waited for a processor, and when it was asked for. The second is asserted, and strictly: the
/// server decided later than that, so what was too stale when it was asked for was too stale when it was sent. The tolerance is thus the
/// time of the answer itself, which is printed with both, and nothing else.
/// </remarks>
internal sealed class StalenessPhase
{
    private readonly List<Judged> _judged;

    private StalenessPhase(string name, IReadOnlyCollection<StalenessReaders.Reading> readings, List<Judged> judged)
    {
        Name = name;
        _judged = judged;
        Answers = judged.Count;
        Hits = judged.Count(answer => answer.Reading.IsHit);
        NotModified = judged.Count(answer => answer.Reading.IsNotModified);
        Failures = readings.Count - judged.Count;
        WithAge = judged.Count(answer => answer is { Reading: { AgeSeconds: > 0, Question.IsOfRows: false } });
    }

    public string Name { get; }

    public int Answers { get; }

    public int Hits { get; }

    public int NotModified { get; }

    /// <summary>Questions without an answer, or with errors.</summary>
    public int Failures { get; }

    /// <summary>Answers with exact tags that say that the log stands still.</summary>
    public int WithAge { get; }

    public static string Header =>
        $"{"phase",-22} answers  hits   304 failed  age |  exact: receipt asked answer -age |  rows: receipt asked answer -age   (seconds)";

    /// <summary>Judges what was received in a phase.</summary>
    public static StalenessPhase Of(string name, IReadOnlyCollection<StalenessReaders.Reading> readings, StalenessWriter writer) =>
        new(name, readings, [.. readings.Where(reading => reading.Shown is not null).Select(reading => Judged.Of(reading, writer))]);

    /// <summary>The stalest answer when it was asked for.</summary>
    /// <param name="isOfRows">Of which kind.</param>
    /// <param name="hasAge">Whether answers count that admit an age.</param>
    public Judged Stalest(bool isOfRows, bool hasAge = true) => Of(isOfRows)
        .Where(answer => hasAge || answer.Reading.AgeSeconds == 0).MaxBy(answer => answer.WhenAsked)!;

    /// <summary>The one that was stalest beyond the age that it admitted.</summary>
    public Judged LeastHonest() => _judged.MaxBy(answer => answer.NotAdmitted)!;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name,-22} {Answers,7} {Hits,5} {NotModified,5} {Failures,6} {WithAge,4} |{Maxima(false)} |{Maxima(true)}");

    private IEnumerable<Judged> Of(bool isOfRows) => _judged.Where(answer => answer.Reading.Question.IsOfRows == isOfRows);

    private string Maxima(bool isOfRows)
    {
        Judged[] all = [.. Of(isOfRows)];
        return all.Length == 0
            ? "no answer"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{all.Max(a => a.AtReceipt).TotalSeconds,15:0.00} {all.Max(a => a.WhenAsked).TotalSeconds,5:0.00} "
                + $"{all.Max(a => a.Took).TotalSeconds,6:0.00} {all.Max(a => a.NotAdmitted).TotalSeconds,4:0.00}");
    }

    /// <summary>An answer and how stale it was.</summary>
    /// <param name="Reading">The answer.</param>
    /// <param name="AtReceipt">How stale when it was received; zero when it lacked nothing.</param>
    /// <param name="WhenAsked">How stale when it was asked for.</param>
    internal sealed record Judged(StalenessReaders.Reading Reading, TimeSpan AtReceipt, TimeSpan WhenAsked)
    {
        public TimeSpan Took => Stopwatch.GetElapsedTime(Reading.Sent, Reading.Received);

        /// <summary>How stale beyond its <c>Age</c>.</summary>
        public TimeSpan NotAdmitted => WhenAsked > TimeSpan.FromSeconds(Reading.AgeSeconds)
            ? WhenAsked - TimeSpan.FromSeconds(Reading.AgeSeconds)
            : TimeSpan.Zero;

        public static Judged Of(StalenessReaders.Reading reading, StalenessWriter writer)
        {
            long lacking = reading.Shown!.Min(shown => writer.OldestLacking(shown.Subject, shown.Shown)) ?? long.MaxValue;
            return new Judged(reading, Since(lacking, reading.Received), Since(lacking, reading.Sent));
        }

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{WhenAsked.TotalSeconds:0.000} s when asked for, {AtReceipt.TotalSeconds:0.000} s at receipt, age {Reading.AgeSeconds}, "
            + $"hit {Reading.IsHit}, server {Reading.Server}: {Reading.Question.Operation}");

        private static TimeSpan Since(long lacking, long moment) =>
            lacking < moment ? Stopwatch.GetElapsedTime(lacking, moment) : TimeSpan.Zero;
    }
}
