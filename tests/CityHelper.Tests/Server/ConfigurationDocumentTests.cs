using CityHelper.Server;
using CityHelper.Server.Changes;
using CityHelper.Server.Clients;
using CityHelper.Server.Configuration;
using Xunit;

namespace CityHelper.Tests.Server;

public sealed class ConfigurationDocumentTests
{
    private static readonly string s_file = Repository.PathOf("docs", "configuration.md");

    [Fact]
    public void The_page_of_settings_is_as_the_options_classes_say()
    {
        string written = ConfigurationDocument.Write();
        if (Environment.GetEnvironmentVariable("CITYHELPER_UPDATE_CONFIGURATION") == "1")
        {
            File.WriteAllText(s_file, written);
        }

        Assert.Equal(written, File.ReadAllText(s_file));
    }

    [Fact]
    public void No_options_class_is_missing() => Assert.Equal(
        typeof(ServerApplication).Assembly.GetTypes()
            .Where(type => type.IsAssignableTo(typeof(ISettings)) && type.IsClass)
            .Select(type => type == typeof(ClientsSettings) ? typeof(ClientSettings)
                : type == typeof(InboxSettings) ? typeof(InboxSourceSettings)
                : type)
            .OrderBy(type => type.FullName, StringComparer.Ordinal),
        ConfigurationDocument.Sections.Select(section => section.Type).OrderBy(type => type.FullName, StringComparer.Ordinal));
}
