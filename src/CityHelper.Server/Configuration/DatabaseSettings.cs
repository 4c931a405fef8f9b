using CityHelper.Data;
using Npgsql;

namespace CityHelper.Server.Configuration;

/// <summary>The database.</summary>
public sealed class DatabaseSettings : ISettings
{
    /// <summary>The problem of a wrong connection string. Npgsql's own message may repeat part of a password.</summary>
    internal const string NotOne = $"{CityHelperDatabase.ConnectionStringKey} is not a connection string: it looks like "
        + "Host=127.0.0.1;Username=cityhelper;Password=…;Database=cityhelper, with quotes around a value that has a semicolon.";

    /// <summary>The connection string of PostgreSQL's primary, in Npgsql's format. Without it the server does not start.</summary>
    [ConfigurationKeyName(CityHelperDatabase.ConnectionStringKey)]
    [Setting(IsSecret = true, Default = "none: it must be set")]
    public string? ConnectionString { get; set; }

    void ISettings.Read(SettingsReader reader) => reader.Read(this, "");

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment)
    {
        if (ConnectionString is null)
        {
            yield return $"Set {CityHelperDatabase.ConnectionStringKey} to the connection string of the database.";
        }
        else if (!IsOne(ConnectionString))
        {
            yield return NotOne;
        }
    }

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
