using System.ComponentModel.DataAnnotations;
using System.Net;
using CityHelper.Engine.Telemetry;
using CityHelper.Server.Configuration;

namespace CityHelper.Server.Telemetry;

/// <summary>Metrics for Prometheus, at <c>/metrics</c> on a separate port.</summary>
public sealed class MetricsSettings : ISettings
{
    private const string Section = "Metrics";

    /// <summary>The port. It serves nothing else, and no other port serves the metrics.</summary>
    [Setting(Default = "none: metrics are not served")]
    [Range(1, 65_535)]
    public int? Port { get; set; }

    /// <summary>The address of this machine to listen on: <c>0.0.0.0</c> for all of IPv4, <c>::</c> for all.</summary>
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
