using System.ComponentModel.DataAnnotations;
using System.Net;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Telemetry;

/// <summary>Metrics for Prometheus, at <c>/metrics</c> of a port of their own.</summary>
public sealed class MetricsSettings : ISettings
{
    private const string Section = "Metrics";

    /// <summary>The port, of which nothing else is served, and nothing of it on any other.</summary>
    [Setting(Default = "none: metrics are not served")]
    [Range(1, 65_535)]
    public int? Port { get; set; }

    /// <summary>The address of this machine that it listens on: <c>0.0.0.0</c> for all of version 4, <c>::</c> for all.</summary>
    public string Address { get; set; } = "127.0.0.1";

    void ISettings.Read(SettingsReader reader) => reader.Read(this, Section);

    IEnumerable<string> ISettings.Problems(IHostEnvironment environment)
    {
        if (!IPAddress.TryParse(Address, out _))
        {
            yield return $"{Section}__Address is {LogText.Escape(Address, Limits.ShownSettingCharsMax)}: "
                + "set it to an IP address of this machine, such as 0.0.0.0.";
        }
    }
}
