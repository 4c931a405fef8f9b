namespace CityHelper.Server.Configuration;

/// <summary>Options that are read from the configuration and validated at start.</summary>
internal interface ISettings
{
    /// <summary>Takes what is configured. A value that cannot be read is noted by the reader and leaves the default.</summary>
    void Read(SettingsReader reader);

    /// <summary>What is wrong with the values that could be read: a sentence for each problem, that says what to set.</summary>
    IEnumerable<string> Problems(IHostEnvironment environment);
}
