using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using CityHelper.Engine.Telemetry;

namespace CityHelper.Server.Configuration;

/// <summary>One setting: a property of an options class, and the key under which it is configured.</summary>
/// <param name="Property">The property.</param>
/// <param name="Key">The key: <c>Admission:QueueMs</c>.</param>
internal sealed record Setting(PropertyInfo Property, string Key)
{
    private readonly SettingAttribute _facts = Property.GetCustomAttribute<SettingAttribute>() ?? new SettingAttribute();
    private readonly RangeAttribute? _range = Property.GetCustomAttribute<RangeAttribute>();

    /// <summary>The name of the environment variable.</summary>
    public string Name => Key.Replace(":", "__", StringComparison.Ordinal);

    /// <summary>The type of its value.</summary>
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>The unit of its number; empty for none.</summary>
    public string Unit => _facts.Unit;

    /// <summary>The default to document where the property itself has none.</summary>
    public object? Default => _facts.Default;

    /// <summary>Whether messages must not show its value.</summary>
    public bool IsSecret => _facts.IsSecret;

    /// <summary>The allowed numbers, in words; null for any.</summary>
    public string? Range => _range is null ? null : string.Create(CultureInfo.InvariantCulture, $"{_range.Minimum} to {_range.Maximum}");

    /// <summary>The settings of an options class.</summary>
    /// <param name="type">The class: each property that can be set is a setting.</param>
    /// <param name="section">The section of those without their own key (<see cref="ConfigurationKeyNameAttribute"/>).</param>
    public static IEnumerable<Setting> Of(Type type, string section) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetSetMethod() is not null)
        .Select(property => new Setting(property, KeyOf(property) ?? $"{section}:{property.Name}"));

    /// <summary>Reads its value.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="value">The value; null when none is configured.</param>
    /// <returns>The problem of the value, or null.</returns>
    public string? Read(IConfiguration configuration, out object? value)
    {
        value = null;
        if (Type == typeof(string[]))
        {
            string[] items = [.. configuration.GetSection(Key).GetChildren().Select(item => item.Value ?? "")];
            value = items.Length > 0 ? items : null;
            return items.Length == 0 && configuration[Key] is { Length: > 0 }
                ? $"{Name} is one text: set {Name}__0, {Name}__1 and so on, or an array in appsettings.json."
                : null;
        }

        // An empty variable counts as not set: compose files leave it empty.
        return configuration[Key] is not { Length: > 0 } text || (TryParse(text, out value) && IsInRange(value)) ? null : Wrong(text);
    }

    private static string? KeyOf(PropertyInfo property) => property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name;

    private bool TryParse(string text, [NotNullWhen(true)] out object? value)
    {
        value = null;
        if (Type == typeof(string))
        {
            value = text;
        }
        else if (Type == typeof(bool) && bool.TryParse(text, out bool isSo))
        {
            value = isSo;
        }
        else if (Type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int whole))
        {
            value = whole;
        }
        else if (Type == typeof(double)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            value = number;
        }

        return value is not null;
    }

    private bool IsInRange(object value)
    {
        if (_range is null)
        {
            return true;
        }

        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        return number >= Convert.ToDouble(_range.Minimum, CultureInfo.InvariantCulture)
            && number <= Convert.ToDouble(_range.Maximum, CultureInfo.InvariantCulture);
    }

    private string Wrong(string text)
    {
        string what = Type == typeof(bool) ? "true or false" : Type == typeof(int) ? "a whole number" : "a number";
        string of = Unit.Length > 0 ? $" of {Unit}" : "";
        string within = Range is null ? "" : $", {Range}";
        string shown = IsSecret ? "not right" : LogText.Escape(text, Limits.ShownSettingCharsMax);
        return $"{Name} is {shown}: set it to {what}{of}{within}.";
    }
}
