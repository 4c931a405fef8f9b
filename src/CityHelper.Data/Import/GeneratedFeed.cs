using System.Globalization;
using System.Runtime.CompilerServices;
using CityHelper.Data.Import.NewYork;

namespace CityHelper.Data.Import;

/// <param name="Count">Rows, 1 to <see cref="Limits.GeneratedRowsMax"/>.</param>
/// <param name="Seed">Another seed makes other requests, in addition to those of the first.</param>
/// <param name="UntilUtc">The newest moment. Requests lie in the three years before it, with their status at that moment.</param>
public sealed record GeneratorOptions(int Count, int Seed, DateTime UntilUtc)
{
    /// <summary>Fixed, not the clock's: the same command makes the same rows on every day.</summary>
    public static readonly DateTime DefaultUntilUtc = new(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc);
}

/// <summary>The rows of the generator.</summary>
internal sealed class GeneratedFeed(GeneratorOptions options) : RowFeed
{
    private int _done;

    public override string Source => "generator";

    public override string Input => string.Create(
        CultureInfo.InvariantCulture, $"{options.Count} generated rows, seed {options.Seed}, until {options.UntilUtc:yyyy-MM-dd}");

    // The version increases when the generator makes other rows from the same arguments.
    public override string Fingerprint => string.Create(
        CultureInfo.InvariantCulture, $"generator 1, count {options.Count}, seed {options.Seed}, until {options.UntilUtc:O}");

    public override IReadOnlySet<string> PresentColumns { get; } = new HashSet<string>(
        ["category_id", "agency_id", "source_status", "title", "description", "address", "postal_code", "district", "channel", "location",
         "due_at", "closed_at", "resolution"], StringComparer.Ordinal);

    public override double Fraction => (double)_done / Math.Max(1, options.Count);

    public override async IAsyncEnumerable<FedRow> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // Nothing here waits; the await satisfies the compiler, since feeds are asynchronous.
        await Task.CompletedTask;
        var generator = new NewYorkGenerator(options.Seed, options.UntilUtc);
        for (_done = 0; _done < options.Count; _done++)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new FedRow(_done + 1, new MappedRecord(generator.Row(_done), null), null);
        }
    }
}
