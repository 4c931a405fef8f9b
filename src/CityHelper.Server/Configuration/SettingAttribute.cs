namespace CityHelper.Server.Configuration;

/// <summary>
/// Describes a setting beyond its type: docs/configuration.md shows it, and the message about a wrong value names its unit.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute : Attribute
{
    /// <summary>The unit of its number, in the plural: <c>milliseconds</c>.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The default, as a number or in words, where the property itself has none.</summary>
    public object? Default { get; init; }

    /// <summary>Whether messages must not show its value.</summary>
    public bool IsSecret { get; init; }
}
