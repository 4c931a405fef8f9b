using System.Reflection;

namespace CityHelper.Data.ServiceRequests;

/// <summary>
/// What a change of a request causes, as SQL text: a later <c>updated_at</c>, the next version, a history row, a delta of the counters, an
/// event. The statements of the importer and of mutations are made from it, and the function for other services
/// (<c>record_service_request_change</c>), whose migration has the text of <see cref="RecordFunction"/>; a test compares the two.
/// </summary>
/// <remarks>
/// The texts read a relation <c>changed</c> with one row for each change: <c>id, created_at, version, told_at, source_status, note,
/// is_history_stated</c>; the columns <c>status, category_id, agency_id, closed_at, location, cell</c> as they are now, null for a removed
/// request; and the same with the prefix <c>old_</c> as they were, null for a new one. <c>cell</c> is <c>cell_16</c>.
/// </remarks>
internal static class RequestSql
{
    /// <summary>The body of <c>record_service_request_change(before, after, cause, note)</c>.</summary>
    public static string RecordFunction { get; } = Bind(Read("record"), "coalesce((after).city_id, (before).city_id)", "cause")
        .Replace("{version}", Version("(before)"), StringComparison.Ordinal)
        .Replace("{updated_at}", UpdatedAt("(after).updated_at", "(before)"), StringComparison.Ordinal);

    /// <summary>The statement of a mutation; the cause is <c>$18</c>.</summary>
    public static string Change { get; } = ChangeWith("event");

    /// <summary>The statement of a redaction: as <see cref="Change"/>, with an event that tells less.</summary>
    public static string Redact { get; } = ChangeWith("redaction");

    /// <summary>The statement of a report; the cause is <c>$10</c>.</summary>
    public static string Insert { get; } = Bind(Read("insert"), "$1", "$10");

    /// <summary>The version after a change.</summary>
    /// <param name="known">The row before it.</param>
    public static string Version(string known) => $"{known}.version + 1";

    /// <summary>
    /// The time of a change: as told, but always later than the last, also when the last lies ahead of the clock. Otherwise clients that
    /// ask for what changed since would miss it.
    /// </summary>
    /// <param name="told">The time that the author of the change states.</param>
    /// <param name="known">The row before it.</param>
    public static string UpdatedAt(string told, string known) => $"greatest({told}, {known}.updated_at + interval '1 millisecond')";

    /// <summary>Replaces <c>{delta}</c>, <c>{history}</c> and <c>{event}</c> in a statement.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="city">SQL of the city's id.</param>
    /// <param name="cause">SQL of the event's cause.</param>
    public static string Bind(string statement, string city, string cause) => statement
        .Replace("{delta}", Delta(city), StringComparison.Ordinal)
        .Replace("{history}", Read("history").Replace("{city}", city, StringComparison.Ordinal), StringComparison.Ordinal)
        .Replace("{event}", Event(city, cause, "changed"), StringComparison.Ordinal);

    private static string ChangeWith(string events) =>
        Bind(Read("change").Replace("{event}", Event("$1", "$18", "changed", events), StringComparison.Ordinal), "$1", "$18")
            .Replace("{version}", Version("k"), StringComparison.Ordinal)
            .Replace("{updated_at}", UpdatedAt("$15", "k"), StringComparison.Ordinal);

    /// <summary>The statement that appends the deltas of <c>changed</c>.</summary>
    /// <param name="city">SQL of the city's id.</param>
    public static string Delta(string city) => Read("delta").Replace("{city}", city, StringComparison.Ordinal);

    /// <summary>The statement that appends an event for each row of a relation.</summary>
    /// <param name="city">SQL of the city's id.</param>
    /// <param name="cause">SQL of the cause.</param>
    /// <param name="changes">The relation, with the columns of <c>changed</c>.</param>
    /// <param name="events">The file with the statement.</param>
    public static string Event(string city, string cause, string changes, string events = "event") => Read(events)
        .Replace("{city}", city, StringComparison.Ordinal)
        .Replace("{cause}", cause, StringComparison.Ordinal)
        .Replace("{changes}", changes, StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream($"CityHelper.Data.ServiceRequests.{name}.sql")!);
        return reader.ReadToEnd().TrimEnd('\n');
    }
}
