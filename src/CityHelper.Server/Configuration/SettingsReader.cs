namespace CityHelper.Server.Configuration;

/// <summary>
/// Reads options classes, and goes on after a value that cannot be read: .NET's binder throws at the first, but an operator wants to know
/// all.
/// </summary>
internal sealed class SettingsReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];

    /// <summary>What could not be read, one sentence each.</summary>
    public IReadOnlyCollection<string> Problems => _problems;

    /// <summary>Reads the settings of a configuration. A wrong value keeps its default, and is reported when the server starts.</summary>
    public static T Read<T>(IConfiguration configuration)
        where T : ISettings, new()
    {
        var settings = new T();
        settings.Read(new SettingsReader(configuration));
        return settings;
    }

    /// <summary>The names in a section.</summary>
    public IEnumerable<string> NamesIn(string section) => configuration.GetSection(section).GetChildren().Select(child => child.Key);

    /// <summary>Reads the settings of an options class.</summary>
    /// <param name="settings">The object whose properties are set.</param>
    /// <param name="section">Their section; empty for a class whose settings all have their own keys.</param>
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

    // A name that nothing reads was misspelled.
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
