namespace CityHelper.Server.Configuration;

/// <summary>
/// Reads options classes, and goes on where a value cannot be read: the binder of .NET throws at the first, and who configures a server
/// wants to know of all.
/// </summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    /// <summary>What could not be read, a sentence each.</summary>
    public IReadOnlyCollection<string> Problems => _problems;

    /// <summary>The settings of a configuration; what cannot be read has its default, and is told when the server starts.</summary>
    public static T Read<T>(IConfiguration configuration)
        where T : ISettings, new()
    {
        var settings = new T();
        settings.Read(new SettingsReader(configuration));
        return settings;
    }

    /// <summary>The names that stand in a section.</summary>
    public IEnumerable<string> NamesIn(string section) => configuration.GetSection(section).GetChildren().Select(child => child.Key);

    /// <summary>Reads the settings of an options class.</summary>
    /// <param name="settings">The object whose properties are set.</param>
    /// <param name="section">The section that they stand in; empty for a class whose settings all have keys of their own.</param>
    public void Read(object settings, string section)
    {
        Setting[] all = [.. Setting.Of(settings.GetType(), section)];
        foreach (Setting setting in all)
        {
            if (setting.Read(configuration, out object? value) is { } problem)
            {
                _problems.Add(problem);
            }
            else if (value is not null)
            {
                setting.Property.SetValue(settings, value);
            }
        }

        if (section.Length > 0)
        {
            RefuseOthers(section, all);
        }
    }

    // A name that nobody reads is one that was misspelled.
    private void RefuseOthers(string section, IReadOnlyCollection<Setting> all)
    {
        string[] known = [.. all
            .Where(setting => setting.Key.StartsWith($"{section}:", StringComparison.Ordinal))
            .Select(setting => setting.Property.Name)
            .Order(StringComparer.Ordinal)];
        string prefix = section.Replace(":", "__", StringComparison.Ordinal);
        _problems.AddRange(NamesIn(section)
            .Where(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase))
            .Select(name => $"{prefix}__{name} is no setting: set one of {string.Join(", ", known)}."));
    }
}
