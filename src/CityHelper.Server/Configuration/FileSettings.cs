namespace CityHelper.Server.Configuration;

/// <summary>Folders.</summary>
public sealed class FileSettings : ISettings
{
    /// <summary>Where the program keeps its files, such as the cursor key when none is configured, and lists of rejected rows.</summary>
    [ConfigurationKeyName(ServerApplication.HomeKey)]
    public string Home { get; set; } = ".cityhelper";

    /// <summary>The folder of persisted operations, with their manifest.</summary>
    [ConfigurationKeyName(ServerApplication.OperationsKey)]
    [Setting(Default = "the one that was built with the server")]
    public string? Operations { get; set; }

    void ISettings.Read(SettingsReader reader) => reader.Read(this, "");

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment) => [];
}
