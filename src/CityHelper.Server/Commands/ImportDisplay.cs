using System.Globalization;
using CityHelper.Data.Import;
using Npgsql;
using Spectre.Console;

namespace CityHelper.Server.Commands;

/// <summary>Shows the progress of an import, then its summary.</summary>
internal static class ImportDisplay
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    /// <summary>Shows a bar with rows per second and the time left on a terminal, a line every few seconds elsewhere.</summary>
    public static async Task<ImportOutcome> WatchAsync(
        CommandHost host, string what, Func<IProgress<ImportProgress>, Task<ImportOutcome>> import)
    {
        var last = default(ImportProgress);
        try
        {
            return host.IsTerminal
                ? await WatchOnTerminalAsync(host, what, import, progress => last = progress)
                : await import(new PlainLines(host, what, progress => last = progress));
        }
        catch (OperationCanceledException) when (last.Phase == ImportPhase.Merging)
        {
            throw new CommandException(
                $"Stopped with {last.Rows:N0} rows of {what} merged ({last.Fraction:P0}); repeat the same command to continue.");
        }
        catch (NpgsqlException lost) when (last.Phase == ImportPhase.Merging)
        {
            throw new CommandException(
                $"The database failed ({lost.Message.TrimEnd('.')}) with {last.Rows:N0} rows of {what} merged ({last.Fraction:P0}); "
                    + "repeat the same command to continue.");
        }
        catch (NpgsqlException lost) when (last.Phase == ImportPhase.Reading && last.Rows > 0)
        {
            throw new CommandException($"The database failed while reading {what} ({lost.Message.TrimEnd('.')}); nothing was imported.");
        }
        catch (OperationCanceledException) when (last.Phase == ImportPhase.Reading)
        {
            throw new CommandException($"Stopped while reading {what}; nothing was imported.");
        }
    }

    /// <summary>Makes a line safe to print: replaces control characters, which a file's text may hold, and bounds its length.</summary>
    public static string Printable(string line)
    {
        string shown = line.Length <= Data.Limits.SentenceCharsMax ? line : $"{line.AsSpan(0, Data.Limits.SentenceCharsMax)}…";
        return string.Concat(shown.Select(c => char.IsControl(c) ? '\uFFFD' : c));
    }

    public static IEnumerable<string> Lines(string what, ImportSummary summary)
    {
        double seconds = Math.Max(0.001, summary.Duration.TotalSeconds);
        int here = Math.Max(0, summary.Read - summary.ContinuedAt);
        if (summary.ContinuedAt > 0)
        {
            yield return Line($"Continued run {summary.RunId}: {summary.ContinuedAt:N0} rows were merged already.");
        }

        yield return Line($"{what}: {summary.Read:N0} rows read in {seconds:N1} s ({here / seconds:N0} rows/s).");
        yield return Line($"  inserted {summary.Inserted:N0}, updated {summary.Updated:N0}, unchanged {summary.Unchanged:N0}")
            + Line($", rejected {summary.Rejected:N0}");
        yield return Line($"  without location {summary.WithoutLocation:N0}, creation time corrected {summary.Corrected:N0}");
        if (summary.NewCategories.Count > 0)
        {
            yield return Line($"  new categories ({summary.NewCategories.Count}): {string.Join(", ", summary.NewCategories)}");
        }

        if (summary.UnknownStatuses.Count > 0)
        {
            yield return "  statuses without a mapping, taken from the closed date: "
                + string.Join(", ", summary.UnknownStatuses.Select(Printable));
        }

        if (summary.RejectsFile is not null)
        {
            yield return $"  the rejected rows, with line and reason: {summary.RejectsFile}";
        }
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Words(ImportPhase phase) => phase switch
    {
        ImportPhase.Reading => "reading",
        ImportPhase.Merging => "merging",
        _ => "tidying",
    };

    private static async Task<ImportOutcome> WatchOnTerminalAsync(
        CommandHost host, string what, Func<IProgress<ImportProgress>, Task<ImportOutcome>> import, Action<ImportProgress> seen)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Output) });
        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(bars => import(new Bars(bars, host.Time, what, seen)));
    }

    /// <summary>Reports run on the import's own thread, so that the last one is seen before an interruption.</summary>
    private sealed class Bars(ProgressContext context, TimeProvider time, string what, Action<ImportProgress> seen)
        : IProgress<ImportProgress>
    {
        private ProgressTask? _bar;
        private ImportPhase _phase;
        private long _started;
        private long _rowsBefore;

        public void Report(ImportProgress value)
        {
            seen(value);
            if (_bar is null || _phase != value.Phase)
            {
                _bar?.StopTask();
                _bar = context.AddTask(Words(value.Phase), maxValue: 1);
                _phase = value.Phase;
                _started = time.GetTimestamp();
                // Reading starts at its first report, merging where an interrupted run stopped.
                _rowsBefore = value.Rows;
            }

            double seconds = Math.Max(0.001, time.GetElapsedTime(_started).TotalSeconds);
            _bar.Description = Line($"{Words(value.Phase)} {Markup.Escape(what)}, {(value.Rows - _rowsBefore) / seconds:N0} rows/s");
            _bar.Value = value.Fraction;
        }
    }

    private sealed class PlainLines(CommandHost host, string what, Action<ImportProgress> seen) : IProgress<ImportProgress>
    {
        private long _last = host.Time.GetTimestamp();

        public void Report(ImportProgress value)
        {
            seen(value);
            if (host.Time.GetElapsedTime(_last) >= LineEvery)
            {
                _last = host.Time.GetTimestamp();
                host.Output.WriteLine(Line($"{Words(value.Phase)} {what}: {value.Rows:N0} rows, {value.Fraction * 100:N0} %"));
            }
        }
    }
}
