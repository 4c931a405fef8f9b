using CityHelper.Data;
using Npgsql;

namespace CityHelper.Server.Configuration;

/// <summary>The database.</summary>
public sealed class DatabaseSettings : ISettings
{
    /// <summary>The problem of a wrong connection string. Npgsql's own message may repeat part of a password.</summary>
    internal const string NotOne = $"{CityHelperDatabase.ConnectionStringKey} is not a connection string: it looks like "
        + "Host=127.0.0.1;Username=cityhelper;Password=…;Database=cityhelper, with quotes around a value that has a semicolon.";

    /// <summary>The configuration key and environment variable of the replicas.</summary>
    public const string ReplicasKey = "CITYHELPER_DATABASE_REPLICAS";

    private const string ReplicasNotOne = $"{ReplicasKey} is not a connection string with a list of hosts: it looks like "
        + "Host=replica-1,replica-2:5433;Username=cityhelper;Password=…;Database=cityhelper, with quotes around a value that has a "
        + "semicolon.";

    /// <summary>The connection string of PostgreSQL's primary, in Npgsql's format. Without it the server does not start.</summary>
    [ConfigurationKeyName(CityHelperDatabase.ConnectionStringKey)]
    [Setting(IsSecret = true, Default = "none: it must be set")]
    public string? ConnectionString { get; set; }

    /// <summary>
    /// The connection string of streaming replicas, in Npgsql's format; its host is a list: <c>replica-1,replica-2:5433</c>. Queries are
    /// read from them in turn, and again from the primary where they lack what is known to have changed. <c>Host Recheck Seconds</c> in it
    /// says how long a dead one is left alone: 10 by default.
    /// </summary>
    [ConfigurationKeyName(ReplicasKey)]
    [Setting(IsSecret = true, Default = "none: all is read from the primary")]
    public string? Replicas { get; set; }

    void ISettings.Read(SettingsReader reader) => reader.Read(this, "");

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment)
    {
        if (Replicas is not null && !(IsOne(Replicas) && HasHosts(Replicas)))
        {
            yield return ReplicasNotOne;
        }

        if (ConnectionString is null)
        {
            yield return $"Set {CityHelperDatabase.ConnectionStringKey} to the connection string of the database.";
        }
        else if (!IsOne(ConnectionString))
        {
            yield return NotOne;
        }
    }

    private static bool HasHosts(string text) =>
        new NpgsqlConnectionStringBuilder(text).Host is { } hosts && hosts.Split(',').All(host => !string.IsNullOrWhiteSpace(host));

    private static bool IsOne(string text)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(text);
            return true;
        }
        catch (Exception cause) when (cause is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return false;
        }
    }
}
