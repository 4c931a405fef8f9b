namespace CityHelper.Server.Configuration;

/// <summary>Options that are read from the configuration and validated at start.</summary>
internal interface ISettings
{
    /// <summary>Reads the configured values. A value that cannot be read is recorded by the reader, and the default stays.</summary>
    void Read(SettingsReader reader);

    /// <summary>The problems of the values that could be read: one sentence each, which says what to set.</summary>
    IEnumerable<string> Problems(IHostEnvironment environment);
}
