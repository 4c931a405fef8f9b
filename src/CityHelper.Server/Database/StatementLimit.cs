namespace CityHelper.Server.Database;

/// <summary>
/// The time limit of a statement, the same for every server. It is a service, so that a test whose statements wait for a lock can raise it.
/// </summary>
/// <param name="Milliseconds">PostgreSQL cancels a statement after this time.</param>
internal sealed record StatementLimit(int Milliseconds)
{
    public static StatementLimit Usual { get; } = new(Engine.Limits.StatementTimeoutMs);

    /// <summary>
    /// Seconds that Npgsql waits: longer than PostgreSQL and the watcher, by the margin in <see cref="Limits.CommandTimeoutSeconds"/>.
    /// </summary>
    public int CommandTimeoutSeconds => Limits.CommandTimeoutSeconds + (Milliseconds - Engine.Limits.StatementTimeoutMs) / 1_000;

    /// <summary>The age from which the watcher terminates a backend.</summary>
    public TimeSpan WatchedAfter => TimeSpan.FromMilliseconds(Milliseconds + Engine.Limits.WatchMarginMs);
}
